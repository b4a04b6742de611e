import type { Config } from 'vega-lite';

/** Colours that people with any colour vision can tell apart (Okabe and Ito, "Color Universal Design", 2008). */
export const CATEGORIES = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#8a6d00',
  '#666666',
];
export const BLUE = '#0072b2';
export const ORANGE = '#d55e00';
export const INK = '#1f2933';
export const FAINT = '#7b8794';
const GRID = '#e9ecef';

/** Written once, on the root of each picture. */
export const FONT = 'system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif';

export const THEME: Config = {
  font: FONT,
  // A picture has one description; without this every mark carries one.
  aria: false,
  view: { stroke: 'transparent' },
  title: {
    anchor: 'start',
    frame: 'group',
    fontSize: 16,
    fontWeight: 'bold',
    color: INK,
    subtitleColor: '#52606d',
    subtitleFontSize: 12,
    subtitlePadding: 5,
    offset: 14,
  },
  axis: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titleColor: '#52606d',
    labelColor: INK,
    titlePadding: 10,
    labelLimit: 0,
    grid: true,
    gridColor: GRID,
    domain: false,
    ticks: false,
    labelPadding: 6,
  },
  axisBand: { grid: false },
  legend: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    labelLimit: 0,
    titleColor: '#52606d',
    labelColor: INK,
    symbolSize: 90,
    symbolOpacity: 1,
  },
  header: { labelFontSize: 12, titleFontSize: 12 },
  range: { category: CATEGORIES },
};
