{{template "start" .}}
// A linear layer, out = activation(a · weightᵀ + bias){{if .Gate}} ⊙ gate{{end}}{{if .Residual}}, added to out{{end}}.
//
// A workgroup computes 64 × 64 elements, a thread 4 × 4 of them. The tiles of a and of the weights
// pass through the workgroup's memory, 16 columns at a time. An element's sum runs over the columns
// in their order, whatever the other rows are.
struct Op {
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

const side = 64u;
const depth4 = 4u;
const stride = 5u; // of a row in the tiles; odd, so that rows lie in different banks
var<workgroup> a_tile: array<vec4<f32>, 320>;
var<workgroup> weight_tile: array<vec4<f32>, 320>;

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) thread: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  let row = group.y * side;
  let column = group.x * side;
  let load_row = index / depth4;
  let load_column = index % depth4;
  var sums: array<vec4<f32>, 4>;
  for (var k = 0u; k < op.k4; k += depth4) {
    var av = vec4<f32>(0.0);
    var wv = vec4<f32>(0.0);
    if (k + load_column < op.k4) {
      if (row + load_row < batch.rows) { av = vec4<f32>(a[(row + load_row) * op.a_stride4 + k + load_column]); }
      if (column + load_row < 4u * op.n4) {
        wv = vec4<f32>(weight[(op.weight_row + column + load_row) * op.k4 + k + load_column]);
      }
    }
    a_tile[load_row * stride + load_column] = av;
    weight_tile[load_row * stride + load_column] = wv;
    workgroupBarrier();
    for (var d = 0u; d < depth4; d++) {
      let w0 = weight_tile[(4u * thread.x) * stride + d];
      let w1 = weight_tile[(4u * thread.x + 1u) * stride + d];
      let w2 = weight_tile[(4u * thread.x + 2u) * stride + d];
      let w3 = weight_tile[(4u * thread.x + 3u) * stride + d];
      for (var i = 0u; i < 4u; i++) {
        let v = a_tile[(4u * thread.y + i) * stride + d];
        sums[i] += vec4<f32>(dot(v, w0), dot(v, w1), dot(v, w2), dot(v, w3));
      }
    }
    workgroupBarrier();
  }
  let column4 = column / 4u + thread.x;
  if (column4 >= op.n4) { return; }
  for (var i = 0u; i < 4u; i++) {
    let r = row + 4u * thread.y + i;
    if (r >= batch.rows) { return; }
    var v = sums[i]{{if .Bias}} + bias[op.bias4 + column4]{{end}};
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
}
