import protobuf, { type temporal as proto } from '@temporalio/proto';

const { History } = protobuf.temporal.api.history.v1;
type History = proto.api.history.v1.IHistory;

/**
 * A history as a file keeps it: the JSON of protobufjs. The SDK's own historyToJSON and historyFromJSON throw "type must
 * be a Type" where npm gives @temporalio/common and @temporalio/proto two copies of protobufjs, as it does here.
 */
export function historyToText(history: History): string {
  const plain = History.toObject(History.fromObject(history), { bytes: String, longs: String, enums: String });
  return `${JSON.stringify(plain, null, 1)}\n`;
}

export function historyFromText(text: string): History {
  return History.fromObject(JSON.parse(text) as Record<string, unknown>);
}
