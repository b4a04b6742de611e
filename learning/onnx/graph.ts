/** Element types that this project's graphs use. */
export type ElementType = 'float' | 'double' | 'int64' | 'string' | 'bool';

/** A constant tensor. `dims` [] is a scalar. */
export interface Constant {
  type: ElementType;
  dims: number[];
  values: ArrayLike<number> | readonly string[];
}

export type Attribute =
  | { int: number }
  | { float: number }
  | { string: string }
  | { ints: ArrayLike<number> }
  | { floats: ArrayLike<number> }
  | { strings: readonly string[] };

export interface EmbeddedPart {
  /** NodeProto. */
  nodes: Uint8Array[];
  /** TensorProto. */
  initializers: Uint8Array[];
  /** Names of what they are and make. */
  tensors: string[];
}

/**
 * Builds one ONNX graph (opset 17, ai.onnx.ml 3, IR 8) node by node. Names are made here and are deterministic,
 * so the same calls give the same bytes.
 */
export interface GraphBuilder {
  /** Declares a graph input of shape [N, 1]; returns its tensor name (the same name). */
  input(name: string, type: 'string' | 'double'): string;
  /** Adds an initializer and returns its tensor name; equal constants may share one. */
  constant(value: Constant): string;
  /** Adds a node and returns the names of its `outputs` (default 1) output tensors. */
  node(
    op: string,
    inputs: string[],
    attributes?: Record<string, Attribute>,
    options?: { domain?: 'ai.onnx.ml'; outputs?: number },
  ): string[];
  /**
   * Adds nodes and constants of somebody else's graph, which are encoded already.
   *
   * @param make gives them, under names that `inner` makes: they begin as no tensor of this graph does
   * @returns that `inner`
   */
  embed(make: (inner: (tensor: string) => string) => EmbeddedPart): (tensor: string) => string;
  /** Declares a tensor as a graph output under a public name. `dims` may hold 'N'. */
  output(name: string, tensor: string, type: ElementType, dims: (number | 'N')[]): void;
  /** Serialises the ModelProto. `metadata` becomes metadata_props, in key order. */
  build(metadata: Record<string, string>): Uint8Array;
}
