{{template "start" .}}
// A norm of each row of x. It goes to h, in the type of the products that read it{{if .Keep}}, and back to x{{end}}.
struct Op { width: u32, width4: u32, eps: f32 }
@group(0) @binding(1) var<uniform> op: Op;
{{- if .Keep}}
@group(0) @binding(2) var<storage, read_write> x: array<vec4<f32>>;
{{- else}}
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
{{- end}}
@group(0) @binding(3) var<storage, read_write> h: array<vec4<{{.Out}}>>;
{{- if .Norm}}
@group(0) @binding(4) var<storage, read> gain: array<vec4<f32>>;
{{- if .Bias}}
@group(0) @binding(5) var<storage, read> bias: array<vec4<f32>>;
{{- end}}
{{template "sum" (.Sum 64)}}

// The elements of a row that are no padding.
fn within(v: vec4<f32>, i: u32) -> vec4<f32> {
  return select(vec4<f32>(0.0), v, vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(op.width));
}
{{- end}}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32{{template "lanes" .}}) {
{{- template "keep lanes" .}}
  let start = group.x * op.width4;
{{- if .Norm}}
  var mean = 0.0;
  var sum = vec4<f32>(0.0);
{{- if not .RMS}}
  for (var i = thread; i < op.width4; i += 64u) { sum += x[start + i]; }
  mean = sum_of(sum.x + sum.y + sum.z + sum.w, thread) / f32(op.width);
  sum = vec4<f32>(0.0);
{{- end}}
  for (var i = thread; i < op.width4; i += 64u) {
    let d = within(x[start + i] - mean, i);
    sum += d * d;
  }
  let scale = inverseSqrt(sum_of(sum.x + sum.y + sum.z + sum.w, thread) / f32(op.width) + op.eps);
{{- end}}
  for (var i = thread; i < op.width4; i += 64u) {
{{- if .Norm}}
    let v = within((x[start + i] - mean) * scale * gain[i]{{if .Bias}} + bias[i]{{end}}, i);
{{- else}}
    let v = x[start + i];
{{- end}}
{{- if .Keep}}
    x[start + i] = v;
{{- end}}
    h[start + i] = vec4<{{.Out}}>(v);
  }
}
