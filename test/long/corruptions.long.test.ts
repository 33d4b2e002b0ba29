/** The file itself, which `npm test` runs by halves: here all of its corruptions. */
import "../activities/corruptions.test.ts";
