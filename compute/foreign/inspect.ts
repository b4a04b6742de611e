import { readOutline, type Outline } from '../../learning/onnx/outline.ts';
import { refuseUnsafeModel } from '../safety.ts';
import { MAX_MODEL_BYTES, refuseOversized } from './limits.ts';
import { refuseFile } from './refuse.ts';

/** The oldest operator set that has every operator that is put around the graph; LightGBM's exporter may choose 8. */
const MIN_OPSET = 7;

/**
 * What somebody else's model file holds, read without ONNX Runtime: nothing of it is run, and nothing that it names is
 * opened.
 *
 * @throws PerennialError INVALID_INPUT where it holds what `refuseUnsafeModel` refuses, or more than the limits
 */
export function inspectModel(bytes: Uint8Array): Outline {
  if (bytes.length > MAX_MODEL_BYTES)
    throw refuseFile(`has ${bytes.length} bytes`, `at most ${MAX_MODEL_BYTES}`);
  refuseUnsafeModel(bytes, { zipMap: true });
  const outline = parse(bytes);
  if (outline.nodes.length === 0) throw refuseFile('has no operators', 'an exported ONNX model');
  const opset = outline.opsets[''];
  if (opset !== undefined && opset < MIN_OPSET)
    throw refuseFile(`is of operator set ${opset}`, `${MIN_OPSET} or newer: export it with target_opset=17`);
  refuseOversized(outline);
  return outline;
}

function parse(bytes: Uint8Array): Outline {
  try {
    return readOutline(bytes);
  } catch (cause) {
    throw refuseFile(
      'is not an ONNX file',
      'a file that skl2onnx, onnxmltools or another exporter wrote',
      cause,
    );
  }
}
