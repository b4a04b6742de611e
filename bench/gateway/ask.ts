import { plainRow } from '../serve/requests.ts';

/** Asks once. @returns which version answered @throws where it did not answer 200 */
export type Ask = (requestId?: string) => Promise<number>;

/** Asks a gateway for one row of a model in the plain form. */
export function asker(url: string, name: string): Ask {
  const { url: address, body, headers } = plainRow(url, name);
  return async (requestId) => {
    const given = requestId === undefined ? headers : { ...headers, 'x-request-id': requestId };
    const response = await fetch(address, { method: 'POST', headers: given, body: body.toString() });
    const answer = await response.text();
    if (response.status !== 200) throw new Error(`${address} answers ${response.status}: ${answer}`);
    const { predictions } = JSON.parse(answer) as { predictions: { version: number }[] };
    return predictions[0].version;
  };
}
