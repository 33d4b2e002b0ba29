/** The file itself, which `npm test` runs by shares: here all of its corruptions. */
import "../activities/corruptions.test.ts";
