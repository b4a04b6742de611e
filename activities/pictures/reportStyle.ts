/** Of the report page: light and dark by the reader's setting, and readable on paper. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1f2933; --faint: #616e7c; --line: #e4e7eb; --page: #f5f7fa; --card: #fff; --mark: #e3f1f9; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --faint: #9aa5b1; --line: #323f4b; --page: #12181f; --card: #1b232c; --mark: #12354a; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 32px; line-height: 1.2; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 4px; }
p { margin: 0 0 12px; color: var(--faint); }
.kicker { text-transform: uppercase; letter-spacing: .08em; font-size: 12px; margin: 0 0 6px; }
.lead { font-size: 17px; margin-bottom: 24px; }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; color: var(--ink); overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px 24px; margin-top: 20px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 16px; background: none; border: 0; padding: 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 20px; display: flex; flex-direction: column; }
.tile span, .tile small { color: var(--faint); font-size: 13px; }
.tile strong { font-size: 28px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.gallery { display: flex; flex-wrap: wrap; gap: 20px; background: none; border: 0; padding: 0; }
figure { flex: 1 1 440px; min-width: 0; margin: 0; background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 8px; display: flex; align-items: center; justify-content: center; }
figure.wide { flex-basis: 100%; }
figure img { max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { font-weight: 500; color: var(--faint); font-size: 13px; }
th, td { text-align: left; padding: 7px 16px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th.figures, td.figures { text-align: right; }
tr.marked td { background: var(--mark); }
tr.marked td:first-child, td:first-child, th:first-child { padding-left: 8px; }
em { color: var(--faint); font-style: normal; font-size: 13px; }
.digest { font-size: 13px; }
footer { color: var(--faint); font-size: 13px; margin-top: 24px; }
@media (max-width: 760px) { figure { flex-basis: 100%; } main { padding: 24px 14px; } section { padding: 16px; } }
@media print { body { background: #fff; } section, figure { break-inside: avoid; } main { max-width: none; padding: 0; } }
`;
