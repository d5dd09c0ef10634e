import { isSure } from "./pipelines/suggest/suggestion.ts";
import { suggestCsv } from "./pipelines/suggest.ts";
import { SUGGEST_TRUTH } from "./tests/support/suggest-truth.ts";

const half = process.argv[2];
const c = { right: 0, wrong: 0, open: 0 },
  all = { right: 0, wrong: 0, open: 0 };
for (const t of SUGGEST_TRUTH.filter((t) => t.half === half)) {
  const { files } = await suggestCsv(["/work/shared/corpus/csv/" + t.file], { withLayouts: false });
  for (const o of files[0].columns) {
    const w = [t.roles[o.column] ?? ""].flat();
    const f = isSure(o) ? (o.role ?? "").replace(/^person\./, "").replace(/^.*:/, "") : "";
    const v = w.includes(f) ? "right" : f === "" ? "open" : "wrong";
    all[v]++;
    if (!w.includes("")) c[v]++;
    if (v !== "right")
      console.log(
        v,
        t.file.slice(-30),
        o.column,
        "found",
        o.role,
        o.confidence.toFixed(2),
        "wanted",
        w.join("|"),
        "|",
        o.reason.slice(0, 100),
      );
  }
}
console.log(half, c, all);
