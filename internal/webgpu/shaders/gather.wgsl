{{template "start" .}}
// The rows that the head reads, one a sequence, of the residual stream and of what products read.
struct Op { width4: u32 }
@group(0) @binding(1) var<uniform> op: Op;
@group(0) @binding(2) var<storage, read> reads: array<vec4<u32>>; // the row, and as for tokens
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> h: array<vec4<{{.In}}>>;
@group(0) @binding(5) var<storage, read_write> x_read: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> h_read: array<vec4<{{.In}}>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = reads[group.x].x;
  for (var i = thread; i < op.width4; i += 64u) {
    x_read[group.x * op.width4 + i] = x[row * op.width4 + i];
    h_read[group.x * op.width4 + i] = h[row * op.width4 + i];
  }
}
