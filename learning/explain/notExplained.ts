/** A model that these methods do not read: of another kind, or of another shape than they know. Says what it is. */
export class NotExplained extends Error {
  override readonly name = 'NotExplained';
}
