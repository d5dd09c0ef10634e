import { suggestCsv } from "./pipelines/suggest.ts";
const root="/work/shared/corpus/csv/";
for (const f of process.argv.slice(2)) {
  const [d] = await suggestCsv([root+f]);
  console.log("=====",f,d.kind,d.why);
  for (const c of d.columns) console.log(c.confidence.toFixed(2), c.column,"→",c.role, c.context?`[${c.context}]`:"", "|",c.reason, c.alternatives.length?("ALT "+c.alternatives):"", c.words?JSON.stringify(c.words):"", c.formats??"");
}
process.exit(0);
