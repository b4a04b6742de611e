/** A section of the definition that changed, and the first stage that is done again for it. */
export interface DefinitionChange {
  section: string;
  redo:
    | 'ingest'
    | 'validate'
    | 'featurize'
    | 'search'
    | 'evaluate'
    | 'register'
    /** The watch reads its policy again. */
    | 'watch'
    | 'nothing';
}
