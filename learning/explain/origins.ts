import { constantOf, intsOf, stringsOf, type GraphFile, type GraphNode } from '../onnx/read.ts';
import { NotExplained } from './notExplained.ts';

/**
 * The raw column of each feature, by name, read off the graph: which column of a tensor comes from which. So what the
 * parts of a one-hot column contribute can be added up, also in a file of another library.
 *
 * @param tensor [N, features]
 * @throws NotExplained where a feature is made of several columns (of a sum over them, say), or an operator is not known
 */
export function originsOf(file: GraphFile, tensor: string): string[] {
  const known = new Map<string, Origins>();
  return read(tensor).map((origin) => {
    if (origin === undefined) throw new NotExplained('a feature of it is a constant');
    return origin;
  });

  function read(name: string): Origins {
    const found = known.get(name) ?? (file.inputs.has(name) ? [name] : derive(name));
    known.set(name, found);
    return found;
  }

  function derive(name: string): Origins {
    const node = file.writers.get(name);
    if (!node) throw new NotExplained(`its tensor ${name} comes from nowhere`);
    switch (node.op) {
      case 'Concat':
      case 'FeatureVectorizer':
        return node.inputs.flatMap((input) => read(input));
      case 'OneHotEncoder':
        return repeated(read(node.inputs[0]), categoriesOf(node));
      case 'MatMul':
      case 'ReduceSum': {
        const origin = single(read(node.inputs[0]), node.op);
        const matrix = node.op === 'MatMul' ? constantOf(file, node.inputs[1]) : { dims: [1] };
        if (!matrix) throw new NotExplained('its encoders multiply columns with each other');
        return new Array<Origin>(matrix.dims[1] ?? 1).fill(origin);
      }
      case 'Gather': {
        const table = constantOf(file, node.inputs[0]);
        if (!table) throw new NotExplained('its encoders look up in a table that is none');
        return repeated(read(node.inputs[1]), table.dims[1] ?? 1);
      }
      case 'Reshape':
      case 'Flatten':
        return read(node.inputs[0]);
      default:
        if (!ELEMENTWISE.has(node.op)) throw new NotExplained(`its encoders go through ${node.op}`);
        return broadcast(node);
    }
  }

  /** Number by number; one column beside several is read by each of them. */
  function broadcast(node: GraphNode): Origins {
    const operands = node.inputs.filter((input) => input !== '');
    const computed = operands.filter((input) => !file.initializers.has(input)).map(read);
    const constants = operands.map((input) => constantOf(file, input)?.dims.at(-1) ?? 1);
    const width = Math.max(...computed.map(({ length }) => length), ...constants);
    return Array.from({ length: width }, (_, i) => {
      const columns = computed.map((origins) => origins[origins.length === 1 ? 0 : i]);
      return single(columns, node.op);
    });
  }
}

/** Stateless operators that make each number of the numbers in its place. */
const ELEMENTWISE: ReadonlySet<string> = new Set(
  `Abs Add And Binarizer Cast Ceil Clip Cos Div Equal Exp Floor Greater GreaterOrEqual Identity Imputer IsInf IsNaN
  LabelEncoder Less LessOrEqual Log Max Min Mod Mul Neg Not Or Pow Round Scaler Sign Sin Sqrt Sub Where`.split(
    /\s+/,
  ),
);

/** Of one column of a tensor: the raw column that it is made of; undefined where it is a constant. */
type Origin = string | undefined;
type Origins = readonly Origin[];

function single(origins: Origins, op: string): Origin {
  const columns = [...new Set(origins)].filter((origin) => origin !== undefined);
  if (columns.length <= 1) return columns[0];
  throw new NotExplained(`a feature of it is made of ${columns.length} columns (by ${op})`);
}

function repeated(origins: Origins, times: number): Origins {
  return origins.flatMap((origin) => new Array<Origin>(times).fill(origin));
}

function categoriesOf(node: GraphNode): number {
  return Math.max(intsOf(node, 'cats_int64s').length, stringsOf(node, 'cats_strings').length);
}
