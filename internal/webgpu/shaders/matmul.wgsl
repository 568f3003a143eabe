{{template "start" .}}
// A linear layer, out = activation(a · weightᵀ + bias){{if .Gate}} ⊙ gate{{end}}{{if .Residual}}, added to out{{end}}.
//
// A workgroup computes {{.Tile.Rows}} × {{.Tile.Columns}} elements, a thread {{.Tile.RowsEach}} × {{.Tile.VectorsEach}} vectors of four. The tiles of a and of the
// weights pass through the workgroup's memory, {{.Tile.Depth4}} vectors of their columns at a time. An element's
// sum runs over the columns in their order, whatever the other rows and the size of the tiles are.
{{template "linear" .}}
const depth4 = {{.Tile.Depth4}}u;
const stride = depth4 + 1u; // of a row in the tiles; odd, so that rows lie in different banks
const threads = {{.Tile.ThreadsX}}u * {{.Tile.ThreadsY}}u;
var<workgroup> a_tile: array<vec4<f32>, {{.Tile.RowTile}}>;
var<workgroup> weight_tile: array<vec4<f32>, {{.Tile.ColumnTile}}>;

@compute @workgroup_size({{.Tile.ThreadsX}}, {{.Tile.ThreadsY}})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) thread: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  let row = group.y * {{.Tile.Rows}}u;
  let column = group.x * {{.Tile.Columns}}u;
{{- range $i := .Tile.RowsEach}}{{range $j := $.Tile.VectorsEach}}
  var sum{{$i}}_{{$j}} = vec4<f32>(0.0);
{{- end}}{{end}}
  for (var k = 0u; k < op.k4; k += depth4) {
    for (var i = index; i < {{.Tile.Rows}}u * depth4; i += threads) {
      let r = row + i / depth4;
      let c = k + i % depth4;
      var v = vec4<f32>(0.0);
      if (r < batch.rows && c < op.k4) { v = vec4<f32>(a[r * op.a_stride4 + c]); }
      a_tile[i / depth4 * stride + i % depth4] = v;
    }
    for (var i = index; i < {{.Tile.Columns}}u * depth4; i += threads) {
      let r = column + i / depth4;
      let c = k + i % depth4;
      var v = vec4<f32>(0.0);
      if (r < 4u * op.n4 && c < op.k4) { v = vec4<f32>(weight[(op.weight_row + r) * op.k4 + c]); }
      weight_tile[i / depth4 * stride + i % depth4] = v;
    }
    workgroupBarrier();
    for (var d = 0u; d < depth4; d++) {
{{- range $i := .Tile.RowsEach}}
      let v{{$i}} = a_tile[({{$.Tile.RowsEach}}u * thread.y + {{$i}}u) * stride + d];
{{- end}}
{{- range $j := .Tile.VectorsEach}}
      {
        let at = 4u * (thread.x + {{$j}}u * {{$.Tile.ThreadsX}}u) * stride + d;
        let w0 = weight_tile[at];
        let w1 = weight_tile[at + stride];
        let w2 = weight_tile[at + 2u * stride];
        let w3 = weight_tile[at + 3u * stride];
{{- range $i := $.Tile.RowsEach}}
        sum{{$i}}_{{$j}} += vec4<f32>(dot(v{{$i}}, w0), dot(v{{$i}}, w1), dot(v{{$i}}, w2), dot(v{{$i}}, w3));
{{- end}}
      }
{{- end}}
    }
    workgroupBarrier();
  }
{{- range $i := .Tile.RowsEach}}{{range $j := $.Tile.VectorsEach}}
  store(row + {{$.Tile.RowsEach}}u * thread.y + {{$i}}u, column / 4u + thread.x + {{$j}}u * {{$.Tile.ThreadsX}}u, sum{{$i}}_{{$j}});
{{- end}}{{end}}
}
