{{template "start" .}}
// A linear layer, out = activation(a · weightᵀ + bias){{if .Gate}} ⊙ gate{{end}}{{if .Residual}}, added to out{{end}}.
//
// A workgroup computes {{.Rows}} × {{.Columns}} elements, a thread {{.RowsEach}} × {{.VectorsEach}} vectors of four. The tiles of a and of the
// weights pass through the workgroup's memory, {{.Depth4}} vectors of their columns at a time. An element's
// sum runs over the columns in their order, whatever the other rows and the size of the tiles are.
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

const depth4 = {{.Depth4}}u;
const stride = depth4 + 1u; // of a row in the tiles; odd, so that rows lie in different banks
const threads = {{.ThreadsX}}u * {{.ThreadsY}}u;
var<workgroup> a_tile: array<vec4<f32>, {{.RowTile}}>;
var<workgroup> weight_tile: array<vec4<f32>, {{.ColumnTile}}>;

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

@compute @workgroup_size({{.ThreadsX}}, {{.ThreadsY}})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) thread: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  let row = group.y * {{.Rows}}u;
  let column = group.x * {{.Columns}}u;
{{- range $i := .RowsEach}}{{range $j := $.VectorsEach}}
  var sum{{$i}}_{{$j}} = vec4<f32>(0.0);
{{- end}}{{end}}
  for (var k = 0u; k < op.k4; k += depth4) {
    for (var i = index; i < {{.Rows}}u * depth4; i += threads) {
      let r = row + i / depth4;
      let c = k + i % depth4;
      var v = vec4<f32>(0.0);
      if (r < batch.rows && c < op.k4) { v = vec4<f32>(a[r * op.a_stride4 + c]); }
      a_tile[i / depth4 * stride + i % depth4] = v;
    }
    for (var i = index; i < {{.Columns}}u * depth4; i += threads) {
      let r = column + i / depth4;
      let c = k + i % depth4;
      var v = vec4<f32>(0.0);
      if (r < 4u * op.n4 && c < op.k4) { v = vec4<f32>(weight[(op.weight_row + r) * op.k4 + c]); }
      weight_tile[i / depth4 * stride + i % depth4] = v;
    }
    workgroupBarrier();
    for (var d = 0u; d < depth4; d++) {
{{- range $i := .RowsEach}}
      let v{{$i}} = a_tile[({{$.RowsEach}}u * thread.y + {{$i}}u) * stride + d];
{{- end}}
{{- range $j := .VectorsEach}}
      {
        let at = 4u * (thread.x + {{$j}}u * {{$.ThreadsX}}u) * stride + d;
        let w0 = weight_tile[at];
        let w1 = weight_tile[at + stride];
        let w2 = weight_tile[at + 2u * stride];
        let w3 = weight_tile[at + 3u * stride];
{{- range $i := $.RowsEach}}
        sum{{$i}}_{{$j}} += vec4<f32>(dot(v{{$i}}, w0), dot(v{{$i}}, w1), dot(v{{$i}}, w2), dot(v{{$i}}, w3));
{{- end}}
      }
{{- end}}
    }
    workgroupBarrier();
  }
{{- range $i := .RowsEach}}{{range $j := $.VectorsEach}}
  store(row + {{$.RowsEach}}u * thread.y + {{$i}}u, column / 4u + thread.x + {{$j}}u * {{$.ThreadsX}}u, sum{{$i}}_{{$j}});
{{- end}}{{end}}
}
