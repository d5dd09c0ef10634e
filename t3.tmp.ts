import { DuckDb } from "./warehouse/duckdb.ts";
import { profileCsv } from "./pipelines/profile/csv.ts";
const db = await DuckDb.open(":memory:");
const file = process.argv[2];
const head = (await import("node:fs")).readFileSync(file,"latin1").split(/\r?\n/,1)[0].replace(/^\xef\xbb\xbf/,"");
const cols = head.split(",").map(c=>c.replaceAll('"',''));
const types = cols.map(c=>`'${c}':'VARCHAR'`).join(",");
const read = `read_csv('${file}', columns={${types}}, auto_detect=false, header=true, delim=',', quote='"', escape='"')`;
const s=performance.now();
const r = await profileCsv(db,{columns:cols,read},{identifying:["name","mrn","id"],known:new Set(["yes","no"])});
console.log(r.rows, ((performance.now()-s)/1000).toFixed(2),"s", ((await import("node:fs")).statSync(file).size/1e6/((performance.now()-s)/1000)).toFixed(0),"MB/s");
for (const f of r.fields.slice(0,30)) console.log(f.path,f.type,f.formats.join("|"),f.filled,f.distinct,f.isEstimated,f.masked,f.values.slice(0,6).map(v=>v.value+":"+v.count).join(" "),f.least,f.largest,f.misfits);
process.exit(0)
