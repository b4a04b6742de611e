import type { Payload } from '@temporalio/common';

/** What an activity in another program answered, before anything is believed of it. */
export interface RawPayload {
  /** As Temporal's converters name it; "none" where nothing was said. */
  encoding: string;
  /** Bytes that are no UTF-8 are question marks in it. */
  text: string;
}

/** Read as bytes, since a payload that the workflow's converter cannot decode fails the workflow's task, again and again. */
export function readPayload({ metadata, data }: Payload): RawPayload {
  return {
    encoding: metadata?.encoding ? decode(metadata.encoding) : 'none',
    text: data ? decode(data) : '',
  };
}

/** Where there are no bytes the SDK gives an empty array, which is none of them. */
function decode(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : new TextDecoder().decode(bytes);
}

/** Of a payload that holds JSON. */
export const JSON_ENCODING = 'json/plain';
