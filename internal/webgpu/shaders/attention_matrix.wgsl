{{template "start" .}}
{{- $t := .Attention}}{{$u := $t.Unit}}
// Attention as in attention.wgsl, on matrix units of {{$u.M}} × {{$u.N}} × {{$u.K}}: of up to {{$t.Queries}} queries, {{$t.Keys}} keys at a time.
//
// Products of queries with keys, and of weights with values, are blocks of sums that the subgroups
// divide. Between them {{$t.PerQuery}} threads have one query between them. The weights are rounded to the
// type of the values, and their sum is that of the rounded ones.
{{template "attention" .}}
alias Left = subgroup_matrix_left<{{$u.In}}, {{$u.K}}, {{$u.M}}>;
alias Right = subgroup_matrix_right<{{$u.In}}, {{$u.N}}, {{$u.K}}>;
alias Sum = subgroup_matrix_result<f32, {{$u.N}}, {{$u.M}}>;
alias Element = {{$u.In}};

const size4 = {{$t.Size}}u / 4u; // of a head
const span = {{$t.Keys}}u;       // keys of a tile
const most = {{$t.Queries}}u;    // queries of a workgroup
const threads = {{$t.Threads}}u;
const per_query = {{$t.PerQuery}}u; // threads
const lowest = -3.0e38;

// Rows lie 16 bytes further apart than they need to, so that they lie in different banks.
const stride = {{$t.Stride}}u;
const weight_stride = {{$t.WeightStride}}u;
const sum_stride = {{$t.SumStride}}u;
var<workgroup> query_tile: array<Element, {{$t.QueryTile}}>;
var<workgroup> tile: array<Element, {{$t.KeyTile}}>; // keys, then values
var<workgroup> weights: array<Element, {{$t.Weights}}>;
var<workgroup> sums: array<f32, {{$t.Sums}}>; // scores, then parts of the result
var<workgroup> tops: array<f32, {{$t.Threads}}>;
var<workgroup> totals: array<f32, {{$t.Threads}}>;

// Loads so many rows of keys or values. Those beyond the sequence are zero.
fn load(first: u32, rows: u32, column4: u32, start: u32, count: u32, thread: u32) {
  for (var i = thread; i < rows * size4; i += threads) {
    let key = first + i / size4;
    var v = vec4<Element>();
    if (key < count) { v = vec4<Element>(keys_values[(start + key) * op.key_stride4 + column4 + i % size4]); }
    let at = 4u * (i / size4 * (stride / 4u) + i % size4); // a multiple of four before a compiler's eyes, which joins the stores
    tile[at] = v.x;
    tile[at + 1u] = v.y;
    tile[at + 2u] = v.z;
    tile[at + 3u] = v.w;
  }
}

// A vector of the part of the result that is in the workgroup's memory.
fn part(r: u32, d: u32) -> vec4<f32> {
  if (d >= size4) { return vec4<f32>(); }
  let at = 4u * (r * (sum_stride / 4u) + d);
  return vec4<f32>(sums[at], sums[at + 1u], sums[at + 2u], sums[at + 3u]);
}

@compute @workgroup_size({{$t.Threads}})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32,
        @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32) {
{{- template "item" .}}
  let mine = thread / per_query;
  let lane = thread % per_query;
  let at = i32(position + mine);

  for (var i = thread; i < most * size4; i += threads) {
    var v = vec4<Element>();
    if (i / size4 < queries_here) { v = vec4<Element>(queries[(query_row + i / size4) * op.query_stride4 + head * size4 + i % size4]); }
    let to = 4u * (i / size4 * (stride / 4u) + i % size4);
    query_tile[to] = v.x;
    query_tile[to + 1u] = v.y;
    query_tile[to + 2u] = v.z;
    query_tile[to + 3u] = v.w;
  }

  var largest = lowest;
  var weight = 0.0;
{{- range $i := $t.PerThread}}
  var out{{$i}} = vec4<f32>();
{{- end}}
  for (var first = low; first < high; first += span) {
    // Keys of this tile, rounded up to whole blocks: what is beyond has a weight of 0.
    let rows = (min(span, high - first) + {{$t.Step}}u - 1u) / {{$t.Step}}u * {{$t.Step}}u;
    load(first, rows, key4, start, count, thread);
    workgroupBarrier();
    for (var b = subgroup; b < {{$t.BlocksDown}}u * (rows / {{$u.N}}u); b += subgroups) {
      let r = b % {{$t.BlocksDown}}u * {{$u.M}}u;
      let c = b / {{$t.BlocksDown}}u * {{$u.N}}u;
      var sum = Sum();
      for (var k = 0u; k < {{$t.Size}}u; k += {{$u.K}}u) {
        sum = subgroupMatrixMultiplyAccumulate(
          subgroupMatrixLoad<Left, row_major>(&query_tile, r * stride + k, stride),
          subgroupMatrixLoad<Right, col_major>(&tile, c * stride + k, stride), sum);
      }
      subgroupMatrixStore<row_major>(&sums, r * sum_stride + c, sum, sum_stride);
    }
    workgroupBarrier();
    load(first, rows, value4, start, count, thread);
    var top = lowest;
    for (var j = lane; j < rows; j += per_query) {
      let distance = at - i32(first + j);
      var seen = first + j < high;
{{- if .Causal}}
      seen = seen && distance >= 0;
{{- end}}
      seen = seen && (op.window == 0u || abs(distance) <= i32(op.window));
      let s = select(lowest, sums[mine * sum_stride + j] * op.scale, seen);
      sums[mine * sum_stride + j] = s;
      top = max(top, s);
    }
    tops[thread] = top;
    workgroupBarrier();
    top = largest;
    for (var i = 0u; i < per_query; i++) { top = max(top, tops[mine * per_query + i]); }
    var total = 0.0;
    for (var j = lane; j < rows; j += per_query) {
      let s = sums[mine * sum_stride + j];
      let p = Element(select(0.0, exp(s - top), s > lowest));
      weights[mine * weight_stride + j] = p;
      total += f32(p);
    }
    totals[thread] = total;
    workgroupBarrier();
    for (var b = subgroup; b < {{$t.BlocksDown}}u * {{$t.BlocksAcross}}u; b += subgroups) {
      let r = b % {{$t.BlocksDown}}u * {{$u.M}}u;
      let c = b / {{$t.BlocksDown}}u * {{$u.N}}u;
      var sum = Sum();
      for (var k = 0u; k < rows; k += {{$u.K}}u) {
        sum = subgroupMatrixMultiplyAccumulate(
          subgroupMatrixLoad<Left, row_major>(&weights, r * weight_stride + k, weight_stride),
          subgroupMatrixLoad<Right, row_major>(&tile, k * stride + c, stride), sum);
      }
      subgroupMatrixStore<row_major>(&sums, r * sum_stride + c, sum, sum_stride);
    }
    workgroupBarrier();
    let shrink = exp(max(largest - top, -80.0)) * select(0.0, 1.0, largest > lowest);
    largest = top;
    weight *= shrink;
    for (var i = 0u; i < per_query; i++) { weight += totals[mine * per_query + i]; }
{{- range $i := $t.PerThread}}
    out{{$i}} = out{{$i}} * shrink + part(mine, lane + {{$i}}u * per_query);
{{- end}}
  }
  if (mine >= queries_here) { return; }
  let share = select(0.0, 1.0 / weight, weight > 0.0);
  let row = (query_row + mine) * op.out_stride4 + head * size4;
{{- range $i := $t.PerThread}}
  {
    let d = lane + {{$i}}u * per_query;
    if (d < size4) { out[row + d] = vec4<{{$.Out}}>(out{{$i}} * share); }
  }
{{- end}}
}
