{{template "start" .}}
// The logit of each sequence: an activation, a norm where there is one, and the product with the
// classifier's row.
struct Op { width: u32, width4: u32, eps: f32, bias: f32 }
@group(0) @binding(1) var<uniform> op: Op;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> classifier: array<f32>;
@group(0) @binding(4) var<storage, read_write> logits: array<f32>;
{{- if .Norm}}
@group(0) @binding(5) var<storage, read> gain: array<f32>;
{{- if .Bias}}
@group(0) @binding(6) var<storage, read> bias: array<f32>;
{{- end}}
{{- end}}
{{template "activation" .}}
{{template "sum" (.Sum 64)}}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32{{template "lanes" .}}) {
{{- template "keep lanes" .}}
  let start = group.x * 4u * op.width4;
  var mean = 0.0;
  var scale = 1.0;
  var sum = 0.0;
{{- if .Norm}}
{{- if not .RMS}}
  for (var i = thread; i < op.width; i += 64u) { sum += activate(x[start + i]); }
  mean = sum_of(sum, thread) / f32(op.width);
  sum = 0.0;
{{- end}}
  for (var i = thread; i < op.width; i += 64u) {
    let d = activate(x[start + i]) - mean;
    sum += d * d;
  }
  scale = inverseSqrt(sum_of(sum, thread) / f32(op.width) + op.eps);
  sum = 0.0;
{{- end}}
  for (var i = thread; i < op.width; i += 64u) {
    sum += {{if .Norm}}((activate(x[start + i]) - mean) * scale * gain[i]{{if .Bias}} + bias[i]{{end}}){{else}}activate(x[start + i]){{end}} * classifier[i];
  }
  let total = sum_of(sum, thread);
  if (thread == 0u) { logits[group.x] = total + op.bias; }
}
