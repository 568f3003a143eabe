{{template "start" .}}
{{- $t := .Tile}}{{$u := $t.Unit}}
// A linear layer as in matmul.wgsl, on matrix units of {{$u.M}} × {{$u.N}} × {{$u.K}}.
//
// A workgroup computes {{$t.Rows}} × {{$t.Columns}} elements by {{$t.Down}} × {{$t.Across}} subgroups, each of which holds {{$t.BlocksDown}} × {{$t.BlocksAcross}} blocks of
// sums. {{$t.Depth}} columns of a and of the weights pass through the workgroup's memory at a time; while they
// are multiplied, the next ones are loaded. An element's sum runs over the columns in steps of {{$u.K}},
// whatever the other rows and the size of the tiles are: what lies beyond the columns is zero.
{{template "linear" .}}
alias Left = subgroup_matrix_left<{{$u.In}}, {{$u.K}}, {{$u.M}}>;
alias Right = subgroup_matrix_right<{{$u.In}}, {{$u.N}}, {{$u.K}}>;
alias Sum = subgroup_matrix_result<f32, {{$u.N}}, {{$u.M}}>;
alias Vector = vec4<{{$u.In}}>;

const depth4 = {{$t.Depth}}u / 4u;
const threads = {{$t.Threads}}u;
const apart = threads / depth4; // rows between two that a thread loads
const stride = {{$t.Stride}}u; // of a row in the stage: 16 bytes more than it needs, so that rows lie in different banks
const stride4 = stride / 4u;
var<workgroup> stage: array<{{$u.In}}, {{$t.Stage}}>; // {{$t.Buffers}} times {{$t.Rows}} rows of a, then {{$t.Columns}} of the weights

// A subgroup's sums on their way to the result: {{$u.M}} rows of {{$t.Slots}} blocks.
const width4 = {{$t.Slots}}u * {{$u.N}}u / 4u;
const sum_stride = {{$t.SumStride}}u;
var<workgroup> sums: array<f32, {{$t.Sums}}>;

fn a_at(r: u32, c: u32) -> Vector {
  if (r < batch.rows && c < op.k4) { return Vector(a[r * op.a_stride4 + c]); }
  return Vector();
}

fn weight_at(r: u32, c: u32) -> Vector {
  if (r < 4u * op.n4 && c < op.k4) { return Vector(weight[(op.weight_row + r) * op.k4 + c]); }
  return Vector();
}

// Writes a vector. Compilers join its stores to one, as the index is a multiple of four before their eyes.
fn put(at4: u32, v: Vector) {
  let at = 4u * at4;
  stage[at] = v.x;
  stage[at + 1u] = v.y;
  stage[at + 2u] = v.z;
  stage[at + 3u] = v.w;
}

// Writes the sums of all subgroups that are in the workgroup's memory, one block of rows of each.
fn write(row: u32, column: u32, index: u32) {
  for (var i = index; i < {{$t.Down}}u * {{$t.Across}}u * {{$u.M}}u * width4; i += threads) {
    let c = i % width4;
    let r = i / width4; // of the rows of all subgroups
    let s = r / {{$u.M}}u;
    let at = 4u * (r * (sum_stride / 4u) + c);
    store(row + s / {{$t.Across}}u * ({{$t.BlocksDown}}u * {{$u.M}}u) + r % {{$u.M}}u,
          (column + s % {{$t.Across}}u * ({{$t.BlocksAcross}}u * {{$u.N}}u)) / 4u + c,
          vec4<f32>(sums[at], sums[at + 1u], sums[at + 2u], sums[at + 3u]));
  }
}

@compute @workgroup_size({{$t.Threads}})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32,
        @builtin(subgroup_id) subgroup: u32) {
  let row = group.y * {{$t.Rows}}u;
  let column = group.x * {{$t.Columns}}u;
  let down = subgroup / {{$t.Across}}u;
  let across = subgroup % {{$t.Across}}u;
  // What a thread loads: vector c of rows that lie threads / depth4 apart, from r on.
  let r = index / depth4;
  let c = index % depth4;
{{- range $i := $t.RowVectors}}
  var a{{$i}} = a_at(row + r + {{$i}}u * apart, c);
{{- end}}
{{- range $i := $t.ColumnVectors}}
  var weight{{$i}} = weight_at(column + r + {{$i}}u * apart, c);
{{- end}}
{{- range $i := $t.BlocksDown}}{{range $j := $t.BlocksAcross}}
  var sum{{$i}}_{{$j}} = Sum();
{{- end}}{{end}}
  var buffer = 0u; // the first element of the buffer in use
  for (var k = 0u; k < op.k4; k += depth4) {
    let to = buffer / 4u + r * stride4 + c;
{{- range $i := $t.RowVectors}}
    put(to + {{$i}}u * apart * stride4, a{{$i}});
{{- end}}
{{- range $i := $t.ColumnVectors}}
    put(to + ({{$t.Rows}}u + {{$i}}u * apart) * stride4, weight{{$i}});
{{- end}}
    workgroupBarrier();
{{- range $i := $t.RowVectors}}
    a{{$i}} = a_at(row + r + {{$i}}u * apart, k + depth4 + c);
{{- end}}
{{- range $i := $t.ColumnVectors}}
    weight{{$i}} = weight_at(column + r + {{$i}}u * apart, k + depth4 + c);
{{- end}}
{{- if $t.Spare}}
    if (subgroup < {{$t.Down}}u * {{$t.Across}}u) {
{{- end}}
    let left = buffer + down * ({{$t.BlocksDown}}u * {{$u.M}}u * stride);
    let right = buffer + ({{$t.Rows}}u + across * ({{$t.BlocksAcross}}u * {{$u.N}}u)) * stride;
    for (var s = 0u; s < {{$t.Depth}}u; s += {{$u.K}}u) {
{{- range $i := $t.BlocksDown}}
      let left{{$i}} = subgroupMatrixLoad<Left, row_major>(&stage, left + {{$i}}u * {{$u.M}}u * stride + s, stride);
{{- end}}
{{- range $j := $t.BlocksAcross}}
      let right{{$j}} = subgroupMatrixLoad<Right, col_major>(&stage, right + {{$j}}u * {{$u.N}}u * stride + s, stride);
{{- range $i := $t.BlocksDown}}
      sum{{$i}}_{{$j}} = subgroupMatrixMultiplyAccumulate(left{{$i}}, right{{$j}}, sum{{$i}}_{{$j}});
{{- end}}
{{- end}}
    }
{{- if $t.Spare}}
    }
{{- end}}
{{- if eq $t.Buffers 1}}
    workgroupBarrier();
{{- else}}
    buffer = {{$t.Buffer}}u - buffer; // who is still multiplying reads the other one
{{- end}}
  }
  let to = subgroup * ({{$u.M}}u * sum_stride);
{{- range $n, $p := $t.Parts}}
{{- if $n}}
  workgroupBarrier();
{{- end}}
{{- if $t.Spare}}
  if (subgroup < {{$t.Down}}u * {{$t.Across}}u) {
{{- end}}
{{- range $s := $t.Slots}}
  subgroupMatrixStore<row_major>(&sums, to + {{$s}}u * {{$u.N}}u, sum{{$p.I}}_{{$p.Sum $s}}, sum_stride);
{{- end}}
{{- if $t.Spare}}
  }
{{- end}}
  workgroupBarrier();
  write(row + {{$p.I}}u * {{$u.M}}u, column + {{$p.J}}u * {{$u.N}}u, index);
{{- end}}
}
