export interface Tag {
  name: string;
  attributes: Record<string, string>;
}

/**
 * The opening tags of an XML text, in order.
 *
 * @throws Error where the text is not well-formed: unbalanced tags, stray markup, characters that XML 1.0 forbids
 */
export function tagsOf(xml: string): Tag[] {
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(xml))
    throw new Error('a character that XML forbids');
  const tags: Tag[] = [];
  const open: string[] = [];
  const token = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    if (!match) throw new Error(`not XML at ${at}: ${xml.slice(at, at + 60)}`);
    const [, closing, name, attributes, empty, text] = match;
    refuseLooseAmpersand(text ?? attributes);
    if (text !== undefined) continue;
    if (closing) {
      const expected = open.pop();
      if (expected !== name) throw new Error(`</${name}> closes <${expected}>`);
      continue;
    }
    tags.push({
      name,
      attributes: Object.fromEntries(
        [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
      ),
    });
    if (!empty) open.push(name);
  }
  if (open.length > 0) throw new Error(`<${open.join('><')}> stay open`);
  return tags;
}

function refuseLooseAmpersand(text: string): void {
  const loose = /&(?!(?:amp|lt|gt|quot|apos|#\d+);)/.exec(text);
  if (loose) throw new Error(`a loose & in ${text.slice(loose.index, loose.index + 40)}`);
}
