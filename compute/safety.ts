import protobuf from 'protobufjs/minimal.js';
import { PerennialError } from '../config/errors.ts';

/**
 * Refuses a model before ONNX Runtime sees it: external data (it can read any file under the working directory),
 * subgraphs (a Loop without end holds its thread until the process is killed), functions, custom operators, operators
 * that are random. Walks the file's fields and keeps nothing, so that a large forest costs milliseconds; a field that
 * is not known here is refused too, because nobody judged it.
 *
 * @param also `zipMap`: of a file that is to be imported, which loses that operator
 * @throws PerennialError INVALID_INPUT saying what the model holds
 */
export function refuseUnsafeModel(bytes: Uint8Array, also: { zipMap?: boolean } = {}): void {
  try {
    walk(protobuf.Reader.create(bytes), bytes.length, also.zipMap ? IMPORTED : OURS);
  } catch (error) {
    if (error instanceof PerennialError) throw error;
    throw unsafe('is not an ONNX file', error);
  }
}

/** What may stand in a message, by field number: nothing to look at, a message to walk, or text to judge. */
interface Message {
  name: string;
  plain: readonly number[];
  messages?: Record<number, Message>;
  text?: Record<number, (value: string) => void>;
  refused?: Record<number, string>;
  numbers?: Record<number, (value: number) => void>;
}

const TENSOR: Message = {
  name: 'TensorProto',
  plain: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16],
  refused: { 13: 'external data' },
  numbers: {
    14: (location) => {
      if (location !== 0) throw unsafe('holds external data');
    },
  },
};

const ATTRIBUTE: Message = {
  name: 'AttributeProto',
  plain: [1, 2, 3, 4, 7, 8, 9, 13, 20],
  messages: { 5: TENSOR, 10: TENSOR },
  refused: {
    6: 'a subgraph',
    11: 'subgraphs',
    14: 'a type',
    15: 'types',
    21: 'a reference',
    22: 'a sparse tensor',
    23: 'sparse tensors',
  },
};

const OPSET: Message = { name: 'OperatorSetIdProto', plain: [2], text: { 1: refuseDomain } };

function modelOf(operators: ReadonlySet<string>): Message {
  const node: Message = {
    name: 'NodeProto',
    plain: [1, 2, 3, 6, 9],
    messages: { 5: ATTRIBUTE },
    text: {
      4: (operator) => {
        if (!operators.has(operator)) throw unsafe(`holds the operator "${operator}", which is not allowed`);
      },
      7: refuseDomain,
    },
    refused: { 8: 'an overload', 10: 'device settings' },
  };
  const graph: Message = {
    name: 'GraphProto',
    plain: [2, 10, 11, 12, 13, 14, 16],
    messages: { 1: node, 5: TENSOR },
    refused: { 15: 'a sparse initializer' },
  };
  return {
    name: 'ModelProto',
    plain: [1, 2, 3, 4, 5, 6, 14],
    messages: { 7: graph, 8: OPSET },
    refused: { 20: 'a training graph', 25: 'functions', 26: 'device settings' },
  };
}

/** Stateless, deterministic operators of the two standard domains, without control flow, sequences and maps. */
const OPERATORS: ReadonlySet<string> = new Set(
  `Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift Cast CastLike Ceil
  Celu Clip Compress Concat Constant ConstantOfShape Conv Cos Cosh CumSum DepthToSpace DequantizeLinear Div Elu Equal Erf
  Exp Expand Flatten Floor Gather GatherElements GatherND Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual
  HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LayerNormalization LeakyRelu Less LessOrEqual
  Log LogSoftmax MatMul MatMulInteger Max MaxPool Mean Min Mod Mul Neg NonZero Not OneHot Or PRelu Pad Pow
  QuantizeLinear Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
  ReduceSum ReduceSumSquare Relu Reshape Round Selu Shape Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign Split
  Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Where Xor
  ArrayFeatureExtractor Binarizer CategoryMapper FeatureVectorizer Imputer LabelEncoder LinearClassifier LinearRegressor
  Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsembleClassifier TreeEnsembleRegressor`.split(
    /\s+/,
  ),
);

const OURS = modelOf(OPERATORS);
const IMPORTED = modelOf(new Set([...OPERATORS, 'ZipMap']));

function refuseDomain(domain: string): void {
  if (domain !== '' && domain !== 'ai.onnx' && domain !== 'ai.onnx.ml') {
    throw unsafe(`uses the operator domain "${domain}", which is not allowed`);
  }
}

const VARINT = 0;
const BYTES = 2;

function walk(reader: protobuf.Reader, end: number, message: Message): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    const wire = tag & 7;
    const refused = message.refused?.[field];
    if (refused !== undefined) throw unsafe(`holds ${refused}`);
    const inner = message.messages?.[field];
    const text = message.text?.[field];
    const number = message.numbers?.[field];
    if (inner && wire === BYTES) {
      const length = reader.uint32();
      if (reader.pos + length > end) throw unsafe('is cut off');
      walk(reader, reader.pos + length, inner);
    } else if (text && wire === BYTES) text(reader.string());
    else if (number && wire === VARINT) number(reader.int32());
    else if (message.plain.includes(field)) reader.skipType(wire);
    else throw unsafe(`holds field ${field} of ${message.name}, which is not known`);
  }
  if (reader.pos !== end) throw unsafe('is cut off');
}

function unsafe(found: string, cause?: unknown): PerennialError {
  return new PerennialError('INVALID_INPUT', `The model ${found}.`, {
    field: 'model',
    value: found,
    expected: 'an ONNX file of standard operators, without subgraphs, functions and external data',
    cause,
  });
}
