import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { measureText } from './text.ts';
import { FONT, THEME } from './theme.ts';

// Two exports of vega that its type declarations leave out.
const { resetSVGDefIds, textMetrics } = vega as unknown as {
  resetSVGDefIds: () => void;
  textMetrics: { width: (item: { fontSize?: number; fontWeight?: unknown }, text: unknown) => number };
};
// Without a canvas vega takes every letter for 0.8 of the font size, which leaves wide gaps.
textMetrics.width = (item, text) =>
  measureText(typeof text === 'string' ? text : '', item.fontSize ?? 11, item.fontWeight === 'bold');

let previous: Promise<unknown> = Promise.resolve();

/**
 * Draws a picture. The same specification gives the same bytes, in every process.
 *
 * @param spec a Vega-Lite specification with its data inside; nothing is loaded
 * @param alt what the picture shows, for those who cannot see it
 */
export function toSvg(spec: TopLevelSpec, alt: string): Promise<string> {
  // One after the other: vega numbers clip paths and gradients by a counter of the whole process.
  const drawn = previous.then(() => draw(spec, alt));
  previous = drawn.catch(() => undefined);
  return drawn;
}

async function draw(spec: TopLevelSpec, alt: string): Promise<string> {
  resetSVGDefIds();
  const problems: string[] = [];
  const logger = collectProblems(problems);
  const compiled = compile({ ...spec, config: THEME, background: 'white', padding: 16 }, { logger }).spec;
  const view = new vega.View(vega.parse(compiled), {
    renderer: 'none',
    logger,
    loader: loadNothing(problems),
  });
  try {
    const svg = await view.toSVG();
    if (problems.length > 0) throw new Error(`A picture cannot be drawn: ${problems.join('; ')}`);
    return (
      svg
        // Inherited from the root: on each of 900 cells the font would be half of the file.
        .replaceAll(` font-family="${FONT}"`, '')
        .replace(/^<svg /, `<svg role="img" aria-label="${escapeXml(alt)}" font-family="${FONT}" `)
    );
  } finally {
    view.finalize();
  }
}

/** Text as it may stand in XML and in HTML, also within quotation marks. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A picture has its data inside; a specification that asks for more is a defect. */
function loadNothing(problems: string[]): vega.Loader {
  const refuse = (uri: string): Promise<never> => {
    problems.push(`it must not load ${uri}`);
    return Promise.reject(new Error(`A picture must not load ${uri}.`));
  };
  return {
    options: {},
    load: refuse,
    http: refuse,
    file: refuse,
    sanitize: refuse,
  } as unknown as vega.Loader;
}

/** Warnings (of an empty domain, say) are for the author of a specification; errors end the drawing. */
function collectProblems(problems: string[]): vega.LoggerInterface {
  const logger = {
    level: () => logger,
    error: (...parts: readonly unknown[]) => {
      problems.push(parts.map(String).join(' '));
      return logger;
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  };
  return logger as unknown as vega.LoggerInterface;
}
