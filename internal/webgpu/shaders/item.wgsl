{{- /* What the shaders of attention have in common: their settings, and the part that a workgroup computes. */ -}}
{{define "attention"}}struct Op {
  query_stride4: u32,
  key_stride4: u32,
  key4: u32,   // the first column of keys
  value4: u32, // the first column of values
  out_stride4: u32,
  shared_by: u32, // how many query heads read the same keys
  window: u32, // 0: none
  scale: f32,
  far: u32, // relative positions: distances beyond are alike
  table_stride4: u32,
}
@group(0) @binding(1) var<uniform> op: Op;
@group(0) @binding(2) var<storage, read> items: array<array<vec4<u32>, 2>>;
@group(0) @binding(3) var<storage, read> queries: array<vec4<{{.In}}>>;
@group(0) @binding(4) var<storage, read> keys_values: array<vec4<{{.In}}>>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4<{{.Out}}>>;
{{- if .Relative}}
@group(0) @binding(6) var<storage, read> table_rows: array<u32>; // by the distance from -far to far
{{- if .ContentToPosition}}
@group(0) @binding(7) var<storage, read> position_keys: array<vec4<{{.In}}>>;
{{- end}}
{{- if .PositionToContent}}
@group(0) @binding(8) var<storage, read> position_queries: array<vec4<{{.In}}>>;
{{- end}}
{{- end}}
{{end}}

{{define "item"}}
  let item = items[group.x];
  let query_row = item[0].x; // the first query's row
  let queries_here = item[0].y;
  let position = item[0].z;  // of the first query in its sequence
  let start = item[0].w;     // the sequence's first row of keys
  let count = item[1].x;     // the sequence's keys
  let head = group.y;
  let key4 = op.key4 + head / op.shared_by * size4;
  let value4 = op.value4 + head / op.shared_by * size4;
  var low = 0u;
  var high = count;
{{- if .Causal}}
  high = min(high, position + queries_here);
{{- end}}
  if (op.window > 0u) {
    low = select(0u, position - op.window, position > op.window) / span * span;
    high = min(high, position + queries_here + op.window);
  }
{{- end}}
