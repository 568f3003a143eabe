{{template "start" .}}
// What changes the heads of queries or keys before attention: a norm of each head by itself, and
// rotary positions.
struct Op {
  stride: u32, // of a row
  first: u32,  // column of the first head
  size: u32,   // of a head, without its padding
  padded: u32, // of a head
  half: u32,   // how many pairs of elements are turned
  eps: f32,
}
@group(0) @binding(1) var<uniform> op: Op;
@group(0) @binding(2) var<storage, read> tokens: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> heads: array<{{.Out}}>;
{{- if .Rotary}}
@group(0) @binding(4) var<storage, read> turns: array<vec2<f32>>; // cosine and sine, by position and pair
{{- end}}
{{- if .Norm}}
@group(0) @binding(5) var<storage, read> gain: array<f32>;
{{- if .Bias}}
@group(0) @binding(6) var<storage, read> bias: array<f32>;
{{- end}}
{{- end}}
{{template "sum" (.Sum 32)}}
var<workgroup> head: array<f32, 256>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32{{template "lanes" .}}) {
{{- template "keep lanes" .}}
  let start = group.x * op.stride + op.first + group.y * op.padded;
  for (var i = thread; i < op.size; i += 32u) { head[i] = f32(heads[start + i]); }
  workgroupBarrier();
{{- if .Norm}}
  var mean = 0.0;
  var sum = 0.0;
{{- if not .RMS}}
  for (var i = thread; i < op.size; i += 32u) { sum += head[i]; }
  mean = sum_of(sum, thread) / f32(op.size);
  sum = 0.0;
{{- end}}
  for (var i = thread; i < op.size; i += 32u) { sum += (head[i] - mean) * (head[i] - mean); }
  let scale = inverseSqrt(sum_of(sum, thread) / f32(op.size) + op.eps);
  for (var i = thread; i < op.size; i += 32u) { head[i] = (head[i] - mean) * scale * gain[i]{{if .Bias}} + bias[i]{{end}}; }
  workgroupBarrier();
{{- end}}
{{- if .Rotary}}
  let position = tokens[group.x].w;
  for (var i = thread; i < op.half; i += 32u) {
    let turn = turns[position * op.half + i];
    let low = head[i];
    let high = head[i + op.half];
    heads[start + i] = {{.Out}}(low * turn.x - high * turn.y);
    heads[start + i + op.half] = {{.Out}}(high * turn.x + low * turn.y);
  }
  for (var i = 2u * op.half + thread; i < op.size; i += 32u) { heads[start + i] = {{.Out}}(head[i]); }
{{- else}}
  for (var i = thread; i < op.size; i += 32u) { heads[start + i] = {{.Out}}(head[i]); }
{{- end}}
}
