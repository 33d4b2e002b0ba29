/** File descriptor, in a child, of the pipe that `spawnChild` makes where it is asked for one. */
export const pipeDescriptor = 4;
