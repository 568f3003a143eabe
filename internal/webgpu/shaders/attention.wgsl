{{template "start" .}}
// Attention of up to 16 queries of one head and one sequence, over the sequence's keys, so many at a
// time. The softmax is computed as it goes: the sums so far are scaled down whenever a larger score
// appears, so nothing grows with the square of a length.
//
// Eight threads have one query between them. They divide the keys of a tile, then the elements of
// the result.
{{template "attention" .}}
const size4 = {{.Attention.Size4}}u;     // of a head
const span = {{.Attention.Keys}}u;       // keys of a tile
const most = {{.Attention.Queries}}u;    // queries of a workgroup
const each = {{.Attention.PerThread}}u;  // vectors of the result of a thread
const lowest = -3.0e38;

var<workgroup> query_tile: array<vec4<f32>, {{.Attention.QueryTile}}>;
var<workgroup> tile: array<vec4<f32>, {{.Attention.KeyTile}}>; // keys, then values
var<workgroup> scores: array<f32, {{.Attention.Scores}}>;

fn load(first: u32, column4: u32, start: u32, count: u32, thread: u32) {
  for (var i = thread; i < span * size4; i += 8u * most) {
    let key = first + i / size4;
    var v = vec4<f32>(0.0);
    if (key < count) { v = vec4<f32>(keys_values[(start + key) * op.key_stride4 + column4 + i % size4]); }
    tile[i / size4 * (size4 + 1u) + i % size4] = v;
  }
}

@compute @workgroup_size({{.Attention.Threads}})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
{{template "item" .}}
  let mine = thread / 8u;
  let lane = thread % 8u;
  let at = i32(position + mine);

  for (var i = thread; i < most * size4; i += 8u * most) {
    var v = vec4<f32>(0.0);
    if (i / size4 < queries_here) { v = vec4<f32>(queries[(query_row + i / size4) * op.query_stride4 + head * size4 + i % size4]); }
    query_tile[i / size4 * (size4 + 1u) + i % size4] = v;
  }
  var largest = lowest;
  var weight = 0.0;
  var sums: array<vec4<f32>, {{.Attention.PerThread}}>;
  for (var first = low; first < high; first += span) {
    load(first, key4, start, count, thread);
    workgroupBarrier();
    for (var j = lane; j < span; j += 8u) {
      var s = 0.0;
      for (var d = 0u; d < size4; d++) { s += dot(query_tile[mine * (size4 + 1u) + d], tile[j * (size4 + 1u) + d]); }
      let distance = at - i32(first + j);
{{- if .Relative}}
      let row = table_rows[u32(clamp(distance, -i32(op.far), i32(op.far)) + i32(op.far))] * op.table_stride4 + head * size4;
{{- if .ContentToPosition}}
      for (var d = 0u; d < size4; d++) { s += dot(query_tile[mine * (size4 + 1u) + d], vec4<f32>(position_keys[row + d])); }
{{- end}}
{{- if .PositionToContent}}
      for (var d = 0u; d < size4; d++) { s += dot(tile[j * (size4 + 1u) + d], vec4<f32>(position_queries[row + d])); }
{{- end}}
{{- end}}
      var seen = first + j < high;
{{- if .Causal}}
      seen = seen && distance >= 0;
{{- end}}
      seen = seen && (op.window == 0u || abs(distance) <= i32(op.window));
      scores[mine * (span + 1u) + j] = select(lowest, s * op.scale, seen);
    }
    workgroupBarrier();
    load(first, value4, start, count, thread);
    var top = largest;
    for (var j = 0u; j < span; j++) { top = max(top, scores[mine * (span + 1u) + j]); }
    workgroupBarrier();
    for (var j = lane; j < span; j += 8u) {
      let s = scores[mine * (span + 1u) + j];
      scores[mine * (span + 1u) + j] = select(0.0, exp(s - top), s > lowest);
    }
    workgroupBarrier();
    let shrink = exp(max(largest - top, -80.0)) * select(0.0, 1.0, largest > lowest);
    largest = top;
    weight *= shrink;
    for (var i = 0u; i < each; i++) { sums[i] *= shrink; }
    for (var j = 0u; j < span; j++) {
      let p = scores[mine * (span + 1u) + j];
      weight += p;
      for (var i = 0u; i < each; i++) {
        if (lane + 8u * i < size4) { sums[i] += p * tile[j * (size4 + 1u) + lane + 8u * i]; }
      }
    }
    workgroupBarrier();
  }
  if (mine >= queries_here) { return; }
  let share = select(0.0, 1.0 / weight, weight > 0.0);
  for (var i = 0u; i < each; i++) {
    let d = lane + 8u * i;
    if (d < size4) { out[(query_row + mine) * op.out_stride4 + head * size4 + d] = vec4<{{.Out}}>(sums[i] * share); }
  }
}
