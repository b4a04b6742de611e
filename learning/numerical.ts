/** The numbers of a problem leave what 64-bit floating point can hold: the learner cannot take it, and says so. */
export class NumericalError extends RangeError {
  constructor(message: string) {
    super(message);
    this.name = 'NumericalError';
  }
}
