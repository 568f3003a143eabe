{{- /* What several shaders share. Elements are stored as f32 or f16; all sums are f32. */ -}}
{{define "start"}}{{if .F16}}enable f16;
{{end}}{{if or .Subgroups .Matrices}}enable subgroups;
{{end}}{{if .Matrices}}enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity); // it knows workgroups only, not subgroups
{{end}}
struct Batch { rows: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
{{end}}

{{define "activation"}}
// The error function within 1.5e-7 (Abramowitz and Stegun, 7.1.26).
fn erf(x: f32) -> f32 {
  let a = abs(x);
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - p * exp(-min(a * a, 80.0)));
}

fn tanh_of(x: f32) -> f32 {
  return 1.0 - 2.0 / (exp(clamp(2.0 * x, -40.0, 40.0)) + 1.0);
}

fn activate(x: f32) -> f32 {
{{- if eq .Activation "gelu"}}
  return 0.5 * x * (1.0 + erf(x * 0.70710678118654752));
{{- else if eq .Activation "gelu_tanh"}}
  return 0.5 * x * (1.0 + tanh_of(0.79788456080286536 * (x + 0.044715 * x * x * x)));
{{- else if eq .Activation "relu"}}
  return max(x, 0.0);
{{- else if eq .Activation "silu"}}
  return x / (1.0 + exp(-clamp(x, -80.0, 80.0)));
{{- else if eq .Activation "tanh"}}
  return tanh_of(x);
{{- else}}
  return x;
{{- end}}
}
{{end}}

{{define "sum"}}
var<workgroup> parts: array<f32, {{.Threads}}>;
{{- if .Subgroups}}
var<private> lane: u32;  // of the thread in its subgroup
var<private> lanes: u32; // of a subgroup

// The sum over all threads of a workgroup, in one order: of each subgroup, then of their sums. It
// does not matter which threads are a subgroup.
fn sum_of(value: f32, thread: u32) -> f32 {
  let own = subgroupAdd(value);
  parts[thread] = select(0.0, own, lane == 0u);
  workgroupBarrier();
  var sum = 0.0;
  for (var i = lane; i < {{.Threads}}u; i += lanes) { sum += parts[i]; }
  let total = subgroupAdd(sum);
  workgroupBarrier();
  return total;
}
{{- else}}

// The sum over all threads of a workgroup, in one order.
fn sum_of(value: f32, thread: u32) -> f32 {
  parts[thread] = value;
  workgroupBarrier();
  for (var half = {{.Threads}}u / 2u; half > 0u; half /= 2u) {
    if (thread < half) { parts[thread] += parts[thread + half]; }
    workgroupBarrier();
  }
  let total = parts[0];
  workgroupBarrier();
  return total;
}
{{- end}}
{{end}}

{{define "lanes"}}
{{- if .Subgroups}}, @builtin(subgroup_invocation_id) its_lane: u32, @builtin(subgroup_size) of_lanes: u32{{end}}
{{- end}}

{{define "keep lanes"}}
{{- if .Subgroups}}
  lane = its_lane;
  lanes = of_lanes;
{{- end}}
{{- end}}
