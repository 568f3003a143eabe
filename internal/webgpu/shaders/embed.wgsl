{{template "start" .}}
// The sum of each token's embeddings: of its id, its position and its type.
struct Op { width4: u32 }
@group(0) @binding(1) var<uniform> op: Op;
@group(0) @binding(2) var<storage, read> tokens: array<vec4<u32>>; // id, row of position, type, position
@group(0) @binding(3) var<storage, read> token_table: array<vec4<{{.In}}>>;
@group(0) @binding(4) var<storage, read> position_table: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> type_table: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> x: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.x;
  let token = tokens[row];
  for (var i = thread; i < op.width4; i += 64u) {
    x[row * op.width4 + i] = vec4<f32>(token_table[token.x * op.width4 + i]) +
      position_table[token.y * op.width4 + i] + type_table[token.z * op.width4 + i];
  }
}
