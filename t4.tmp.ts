import { DuckDb } from "./warehouse/duckdb.ts";
import { profileFhir } from "./pipelines/profile/fhir.ts";
const db = await DuckDb.open(':memory:'); const all0 = db.all.bind(db); db.all = (async (q: string, v?: never) => { const s = performance.now(); try { const r = await all0(q, v); console.error(((performance.now()-s)/1000).toFixed(2), r.length, q.slice(0,120).replaceAll('\n',' ')); return r; } catch (e) { console.error('FAIL', q.slice(0,3000)); throw e; } }) as never;
const file = process.argv[2];
const read = `read_csv('${file}', columns={'line':'VARCHAR'}, auto_detect=false, header=false, delim='\u001f\u001e\u001f\u001e', quote='', escape='', strict_mode=false, max_line_size=4000000, buffer_size=8000000)`;
const s=performance.now();
const r = await profileFhir(db,read,{identifying:["name","mrn","id","family","given","birth"],known:new Set(["yes","no"])});
console.log(r.records, r.malformed, ((performance.now()-s)/1000).toFixed(2),"s", ((await import("node:fs")).statSync(file).size/1e6/((performance.now()-s)/1000)).toFixed(0),"MB/s", process.memoryUsage().rss/1e6);
for (const f of r.fields) console.log(f.record,f.path,f.type,f.filled,f.distinct,f.masked,f.values.slice(0,4).map(v=>v.value+":"+v.count).join(" ").slice(0,100),f.least,f.largest);
process.exit(0)
