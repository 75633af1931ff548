"""Style and script of the report's page: data, nothing else. Neither names an address: the page loads nothing."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2430;--soft:#667085;--line:#e4e7ec;--ok:#067647;
--okbg:#d1fadf;--bad:#b42318;--badbg:#fee4e2;--c1:#2563eb;--c2:#059669;--c3:#d97706;--c4:#dc2626;--c5:#7c3aed}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--card:#161b22;--ink:#e6edf3;--soft:#8b949e;--line:#2a313c;
--ok:#75e0a7;--okbg:#053321;--bad:#fda29b;--badbg:#4a1210;--c1:#60a5fa;--c2:#34d399;--c3:#fbbf24;--c4:#f87171;
--c5:#a78bfa}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 48px}
h1{font-size:24px;margin:0;overflow-wrap:anywhere;min-width:0}h2{font-size:16px;margin:0 0 10px}
header{display:flex;flex-wrap:wrap;gap:6px 16px;align-items:center;margin-bottom:18px}
header p{margin:0;color:var(--soft);flex-basis:100%;overflow-wrap:anywhere}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 18px;margin-top:16px}
.badge{border-radius:999px;padding:2px 12px;font-weight:600;font-size:13px;white-space:nowrap}
.ok{color:var(--ok);background:var(--okbg)}.bad{color:var(--bad);background:var(--badbg)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px}
.cards div{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 16px}
.cards b{display:block;font-size:20px;white-space:nowrap;font-variant-numeric:tabular-nums}
.cards small{color:var(--soft)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:16px;margin-top:16px}
.charts section{margin:0;position:relative}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--soft);font-weight:500;font-size:13px}
th:first-child,td:first-child,td.left,th.left{text-align:left}
tr:last-child td{border-bottom:0}tr.sum td{font-weight:600}tr.part td{color:var(--soft)}
td.words{white-space:normal;overflow-wrap:anywhere}.scroll td.words{min-width:260px}
.facts td:first-child{white-space:normal;overflow-wrap:anywhere;width:40%}
svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font-size:11px}
.grid{stroke:var(--line)}.mark{stroke:var(--soft);stroke-dasharray:3 3;fill:none}.band{fill:var(--c4);opacity:.12}
.limit{stroke:var(--c4);stroke-dasharray:5 4;fill:none}.cursor{stroke:var(--soft)}
[class^=line]{fill:none;stroke-width:1.8;stroke-linejoin:round}
.line1{stroke:var(--c1)}.line2{stroke:var(--c2)}.line3{stroke:var(--c3)}.line4{stroke:var(--c4)}.line5{stroke:var(--c5)}
[class^=area]{opacity:.14}
.area1{fill:var(--c1)}.area2{fill:var(--c2)}.area3{fill:var(--c3)}.area4{fill:var(--c4)}.area5{fill:var(--c5)}
.fill1{fill:var(--c1)}.fill2{fill:var(--c2)}.fill3{fill:var(--c3)}.fill4{fill:var(--c4)}.fill5{fill:var(--c5)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;color:var(--soft);font-size:13px;padding-left:8px}
.legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
.dot1{background:var(--c1)}.dot2{background:var(--c2)}.dot3{background:var(--c3)}.dot4{background:var(--c4)}
.dot5{background:var(--c5)}
.cause{display:grid;grid-template-columns:minmax(120px,260px) 1fr auto;gap:10px;align-items:center;margin:4px 0}
.cause i{height:12px;border-radius:4px;background:var(--c4);min-width:2px}.cause span{overflow-wrap:anywhere}
.none,.note{color:var(--soft);margin:6px 0 0;font-size:13px}
.tip{position:absolute;pointer-events:none;background:var(--ink);color:var(--bg);border-radius:8px;padding:6px 10px;
font-size:12px;line-height:1.45;white-space:pre;z-index:1}
@media(max-width:600px){main{padding:18px 12px 32px}section{padding:14px}.cards{grid-template-columns:1fr 1fr}
th,td{padding:5px 8px}th:first-child,td:first-child{padding-left:0}
svg{overflow:visible}svg text{font-size:15px}.cause{grid-template-columns:1fr auto}.cause span{grid-column:1/3}}
@media print{body{background:#fff}section,.cards div{break-inside:avoid}}
"""

SCRIPT: Final = """
"use strict";
for (const svg of document.querySelectorAll("svg[data-points]")) {
  const points = JSON.parse(svg.dataset.points), left = +svg.dataset.left, width = +svg.dataset.width;
  const low = Math.min(0, points.x[0]), high = points.x[points.x.length - 1];
  const cursor = svg.querySelector(".cursor"), tip = document.createElement("div");
  tip.className = "tip"; tip.hidden = true; svg.parentNode.append(tip);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
    const at = low + ((event.clientX - box.left) / scale - left) / width * (high - low);
    let near = 0;
    points.x.forEach((x, i) => { if (Math.abs(x - at) < Math.abs(points.x[near] - at)) near = i; });
    const x = left + (points.x[near] - low) / ((high - low) || 1) * width;
    cursor.setAttribute("transform", `translate(${x} 0)`);
    cursor.setAttribute("visibility", "visible");
    tip.textContent = [points.at[near], ...points.names.map((n, i) => `${n} ${points.shown[i][near]}`)].join("\\n");
    tip.hidden = false;
    const side = x * scale > box.width / 2 ? x * scale - tip.offsetWidth - 10 : x * scale + 14;
    const around = svg.parentNode.getBoundingClientRect();
    tip.style.left = `${box.left - around.left + side}px`;
    tip.style.top = `${box.top - around.top}px`;
  });
  svg.addEventListener("pointerleave", () => { tip.hidden = true; cursor.setAttribute("visibility", "hidden"); });
}
"""
