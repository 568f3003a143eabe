{{- /* What linear layers have in common, whatever computes their products. */ -}}
{{define "linear"}}struct Op {
  n4: u32,       // columns of the result, in vectors of four as all that follows
  k4: u32,       // columns of a and of the weights
  weight_row: u32, // the first row of the weights
  bias4: u32,    // the first element of the bias
  a_stride4: u32,
  out_stride4: u32,
  out4: u32,     // the first column of the result
}
@group(0) @binding(1) var<uniform> op: Op;
@group(0) @binding(2) var<storage, read> a: array<vec4<{{.In}}>>;
@group(0) @binding(3) var<storage, read> weight: array<vec4<{{.In}}>>;
{{- if .Bias}}
@group(0) @binding(4) var<storage, read> bias: array<vec4<f32>>;
{{- end}}
{{- if .Residual}}
@group(0) @binding(5) var<storage, read_write> out: array<vec4<f32>>;
{{- else}}
@group(0) @binding(5) var<storage, read_write> out: array<vec4<{{.Out}}>>;
{{- end}}
{{- if .Gate}}
@group(0) @binding(6) var<storage, read> gate: array<vec4<{{.Out}}>>;
{{- end}}
{{template "activation" .}}

fn store(r: u32, column4: u32, sum: vec4<f32>) {
  if (r >= batch.rows || column4 >= op.n4) { return; }
  var v = sum{{if .Bias}} + bias[op.bias4 + column4]{{end}};
{{- if .Activation}}
  v = vec4<f32>(activate(v.x), activate(v.y), activate(v.z), activate(v.w));
{{- end}}
  let at = r * op.out_stride4 + op.out4 + column4;
{{- if .Gate}}
  v *= vec4<f32>(gate[at]);
{{- end}}
{{- if .Residual}}
  out[at] += v;
{{- else}}
  out[at] = vec4<{{.Out}}>(v);
{{- end}}
}
{{end}}
