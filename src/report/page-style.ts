/**
 * The style sheet of a report page, for light and dark surroundings and for paper.
 * @module
 */
import { type Scheme, deltaSteps, deltaSwatch, hex } from './palette.js';

/** Class of a step of the palette: `u3` raised, `d3` lowered, none for 0. */
export const deltaClass = (level: number): string =>
  level === 0 ? '' : `${level > 0 ? 'u' : 'd'}${Math.abs(level)}`;

function deltaRules(scheme: Scheme): string {
  const rules: string[] = [];
  for (let level = -deltaSteps; level <= deltaSteps; level++) {
    if (level === 0) continue;
    const { background, text } = deltaSwatch(level, scheme);
    rules.push(`.${deltaClass(level)}{background:${hex(background)};color:${hex(text)}}`);
  }
  return rules.join('\n');
}

const light = `color-scheme:light;--page:#f6f7f9;--card:#fff;--ink:#1a1f26;--soft:#59636f;--line:#dde1e7;--faint:#eceff3;
--bar:#7d8b9b;--bar-in:#2f6f5e;--mark:#2f6f5e;--mark-ink:#fff;--heed:#fff4d6;--heed-line:#c98a00`;
const dark = `color-scheme:dark;--page:#12151a;--card:#1b1f26;--ink:#e7eaee;--soft:#a3adb9;--line:#343b46;--faint:#262c35;
--bar:#7d8896;--bar-in:#62bfa4;--mark:#62bfa4;--mark-ink:#06120e;--heed:#33290f;--heed-line:#d9a32b`;

/** The style sheet. The palette's colours come from the module that tests their contrast. */
export const pageStyle = `:root{${light}}
${deltaRules('light')}
@media (prefers-color-scheme:dark){:root{${dark}}
${deltaRules('dark')}
}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1.5rem 3rem}
h1{font-size:1.7rem;line-height:1.2;margin:0;font-weight:650;letter-spacing:-.01em;overflow-wrap:anywhere}
h1 small{font-size:1.05rem;font-weight:400;color:var(--soft);letter-spacing:0}
h2{font-size:.8rem;font-weight:600;color:var(--soft);margin:0 0 .6rem}
p{margin:0}
code,.tokens,td.num,.query b{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
.soft{color:var(--soft)}
header{display:flex;flex-wrap:wrap;gap:.2rem 1.5rem;align-items:baseline;justify-content:space-between;margin-bottom:1.25rem}
header code{font-size:.85rem;overflow-wrap:anywhere}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.1rem 1.25rem;margin-bottom:1rem}
.heed{background:var(--heed);border-color:var(--heed-line);padding:.7rem 1rem;overflow-wrap:anywhere}
.query{display:flex;flex-wrap:wrap;row-gap:.6rem;font-size:1.25rem}
.query span{display:flex;flex-direction:column;justify-content:flex-end;align-items:center;position:relative}
.query b{font-weight:500;min-width:1.45em;padding:.12em .3em;text-align:center;white-space:pre-wrap;overflow-wrap:anywhere}
.query small{font:12px/1.5 system-ui,sans-serif;color:var(--soft);height:1.5em;white-space:nowrap}
.query .here b{background:var(--mark);color:var(--mark-ink);border-radius:5px;font-weight:700}
.query .here small{color:var(--ink);font-weight:600}
.query i{display:block;width:60%;min-height:1px;background:var(--bar);border-radius:2px 2px 0 0;margin-bottom:2px}
.query.attended{align-items:flex-end;row-gap:1rem}
.query+p{font-size:.85rem;margin-top:.6rem}
.figures{display:flex;flex-wrap:wrap;gap:1rem 2.5rem;align-items:flex-end;margin:0}
.figures div{display:flex;flex-direction:column-reverse}
.figures dt{color:var(--soft);font-size:.85rem}
.figures dd{margin:0;font-size:1.35rem;font-weight:600;line-height:1.3;font-variant-numeric:tabular-nums}
.figures dd small{font-size:.85rem;font-weight:400;color:var(--soft)}
.meter{height:8px;border-radius:4px;background:var(--faint);overflow:hidden;margin-bottom:1rem}
.meter i{display:block;height:100%;background:var(--bar-in)}
.legend{display:flex;flex-wrap:wrap;gap:.4rem 1.5rem;align-items:center;font-size:.85rem;color:var(--soft);margin-bottom:.9rem}
.legend>span{display:inline-flex;align-items:center;gap:.5rem}
.legend .tokens{color:var(--ink)}
.scale{display:inline-flex;border-radius:4px;overflow:hidden;border:1px solid var(--line)}
.scale i{width:1.1rem;height:.9rem}
table{border-collapse:collapse;width:100%}
caption{text-align:left;font-size:.8rem;font-weight:600;color:var(--soft);padding-bottom:.6rem}
th{text-align:left;font-size:.8rem;font-weight:500;color:var(--soft)}
thead th{padding:0 .75rem .35rem 0;border-bottom:1px solid var(--line)}
td{padding:.13rem .75rem .13rem 0;vertical-align:top;line-height:1.55}
td.num,th.num{text-align:right;width:4.5rem}
td.bar,th.bar{width:11rem}
.track{display:block;position:relative;height:.7rem;margin-top:.42rem;background:var(--faint);border-radius:2px}
.track i{display:block;height:100%;background:var(--bar);border-radius:2px}
.in .track i{background:var(--bar-in)}
.track::after{content:"";position:absolute;left:20%;top:-.42rem;bottom:-.42rem;border-left:1px dashed var(--soft);opacity:.55}
.tokens{overflow-wrap:anywhere}
.tokens span{position:relative;display:inline-block;min-width:1.15em;padding:0 .12em;text-align:center;white-space:pre-wrap;border-radius:3px;margin-right:1px;vertical-align:top}
.tokens .m{box-shadow:inset 0 -3px 0 currentColor;font-weight:700}
.tokens .n{color:var(--soft)}
.wide{overflow-x:auto}
.wide table{margin-bottom:1rem;width:auto}
.wide td,.wide th{white-space:nowrap;padding-right:.9rem}
.said{font:12px/1.4 system-ui,sans-serif}
.note{font-size:.85rem;margin-bottom:.9rem}
.text span{min-width:0;padding:0;display:inline}
.text .m{text-decoration:underline 3px;box-shadow:none}
.tokens [data-tip]:hover::after{content:attr(data-tip);position:absolute;z-index:2;bottom:calc(100% + 4px);left:50%;transform:translateX(-50%);padding:.25rem .5rem;border-radius:5px;background:var(--ink);color:var(--page);font:12px/1.4 system-ui,sans-serif;white-space:pre;pointer-events:none;text-align:left}
.tokens [data-tip]:hover{outline:2px solid var(--ink);outline-offset:-1px}
tr:hover td{background:color-mix(in srgb,var(--faint) 55%,transparent)}
.tokens .flag{min-width:0;font:12px/1.3 system-ui,sans-serif;color:var(--soft);border:1px dashed var(--soft);border-radius:4px;padding:0 .35rem;margin-left:.6rem;margin-top:.25em;white-space:nowrap}
.rule th{padding:.55rem 0;font-size:.8rem;color:var(--ink);font-weight:600}
.rule span{display:flex;align-items:center;gap:.75rem;white-space:nowrap}
.rule span::before,.rule span::after{content:"";border-top:2px solid var(--ink);width:1rem}
.rule span::after{flex:1}
footer dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;margin:0;font-size:.85rem}
footer dt{color:var(--soft)}
footer dd{margin:0;overflow-wrap:anywhere}
footer p{font-size:.85rem;margin-top:.75rem}
@media (max-width:46rem){.scale i{width:.7rem}main{padding:1.25rem .9rem 2rem}.card{padding:.9rem}td.bar,th.bar{width:6rem}h1{font-size:1.4rem}.query{font-size:1.1rem}.query b{min-width:1.2em;padding:.12em .2em}.figures{gap:.75rem 1.75rem}}
@media (max-width:30rem){.rule span{white-space:normal}td.bar,th.bar{display:none}td.num,th.num{width:3.6rem}}
@media print{body{background:none}.card{break-inside:auto;border:0;padding:0}tr{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}`;
