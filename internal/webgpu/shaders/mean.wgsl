{{template "start" .}}
// The mean of each sequence's rows.
struct Op { width4: u32 }
@group(0) @binding(1) var<uniform> op: Op;
@group(0) @binding(2) var<storage, read> reads: array<vec4<u32>>; // of a sequence: the first row, how many
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> x_read: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let rows = reads[group.x];
  for (var i = thread; i < op.width4; i += 64u) {
    var sum = vec4<f32>(0.0);
    for (var r = 0u; r < rows.y; r++) { sum += x[(rows.x + r) * op.width4 + i]; }
    x_read[group.x * op.width4 + i] = sum / f32(rows.y);
  }
}
