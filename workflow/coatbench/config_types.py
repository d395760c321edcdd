"""The keys of the settings, as types: written by `make docs` from `workflow/schemas/config/*.yaml`.

For annotations, below `if TYPE_CHECKING:`: so a new key is a change of no job's code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Never, NotRequired, TypedDict, final


@final
class CyclingConfig(TypedDict):
    """`cycling`."""

    potential_reference: str
    nominal_capacity_mAh_g: float
    rates_C: Sequence[float]
    rate_tolerance: float
    protocols: Mapping[str, ProtocolConfig]
    cutoff_tolerance_V: float
    hold_end_fraction: float
    stub_fraction: float
    interruption_s: float
    relaxation_time_s: float
    relaxation_slope_window_s: float
    mass_sd_mg: float
    cam_mass_fraction_sd: float
    charge_sd_percent: float
    efficiency_sd_percent: float
    voltage_sd_V: float
    capacity_check_percent: float
    check_unusable_percent: float
    plausible: Mapping[str, LimitsConfig]
    long_term_rate_C: float
    retention_cycle: int
    noise_half_width_cycles: int
    dqdv_cycles: Sequence[int]
    profile_cycles: Sequence[int]
    dqdv: CyclingDqdv
    kramers_kronig_residual_percent: float
    pool_least_degrees_of_freedom: int


@final
class ProtocolConfig(TypedDict):
    """Type `protocol`."""

    charge_cutoff_V: float | None
    discharge_cutoff_V: float | None
    kind: Literal["short", "long"]
    first: NotRequired[Literal["charge", "discharge"]]


@final
class LimitsConfig(TypedDict):
    """Type `limits`."""

    doubtful: NotRequired[Sequence[float | None]]
    unusable: NotRequired[Sequence[float | None]]


@final
class CyclingDqdv(TypedDict):
    """`cycling.dqdv`."""

    bin_V: float
    window_V: float
    polyorder: int
    vary_bin_V: Sequence[float]
    vary_window_V: Sequence[float]
    skip_rows: int
    integral_low: float
    integral_high: float
    least_prominence_mAh_g_V: float
    least_prominence_fraction: float
    noise_factor: float
    match_V: float
    least_seen_in: float
    overpotential_low_V: float
    overpotential_high_V: float
    named: Mapping[str, FeatureConfig]


@final
class FeatureConfig(TypedDict):
    """Type `feature`."""

    direction: Literal["charge", "discharge"]
    low_V: float
    high_V: float
    least_prominence_mAh_g_V: float


@final
class FactorConfig(TypedDict):
    """Type `factor`."""

    use: NotRequired[bool]
    label: NotRequired[str]
    unit: NotRequired[str]
    kind: NotRequired[Literal["continuous", "categorical"]]
    scale: NotRequired[Literal["linear", "log"]]
    low: NotRequired[float]
    high: NotRequired[float]
    step: NotRequired[float]
    levels: NotRequired[Sequence[float | str]]
    empty: NotRequired[float | str]


@final
class FiguresConfig(TypedDict):
    """`figures`."""

    single_column_inch: float
    double_column_inch: float
    fonts: Sequence[str]
    font_size_pt: float
    dpi: int


@final
class LeisConfig(TypedDict):
    """`leis`."""

    ion_mass_u: float
    ion_energy_eV: float
    scattering_angle_deg: float
    incidence_angle_deg: float
    beam_current_nA: float
    beam_current_nA_sd: float
    acquisition_time_s: float
    analysis_area_mm2: float
    matrix_material: str
    edge_element: str
    windows: Mapping[str, EnergyWindowConfig | DepthWindowConfig]
    layer_window: str
    layer_materials: Sequence[str]
    elements: Sequence[str]
    peak_window_below_eV: float
    peak_window_above_eV: float
    peak_fwhm_eV: Sequence[float]
    detection_significance: float
    peak_position_sd_eV: float
    dose_ratio_sd: float
    plausible: LeisPlausible
    spread_range_eV: Sequence[float]
    spread_bin_eV: float


@final
class EnergyWindowConfig(TypedDict):
    """Type `energy_window`."""

    low: float | str | None
    high: float | str | None


@final
class DepthWindowConfig(TypedDict):
    """Type `depth_window`."""

    near_nm: float
    far_nm: float


@final
class LeisPlausible(TypedDict):
    """`leis.plausible`."""

    relative_to_reference: NotRequired[LimitsConfig]
    dose_nC: NotRequired[LimitsConfig]
    heating_temperature_degC: NotRequired[LimitsConfig]


@final
class PublicationConfig(TypedDict):
    """`publication`."""

    authors: Sequence[AuthorConfig]
    publisher: OrganizationConfig | Mapping[str, Never]
    license: str


@final
class AuthorConfig(TypedDict):
    """Type `author`."""

    name: str
    kind: NotRequired[Literal["person", "organization"]]
    orcid: NotRequired[str]
    url: NotRequired[str]
    affiliation: NotRequired[OrganizationConfig]


@final
class OrganizationConfig(TypedDict):
    """Type `organization`."""

    name: str
    url: NotRequired[str]


@final
class RankingConfig(TypedDict):
    """`ranking`."""

    draws: int
    response_draws: int
    confidence: float
    core_share: float
    prior_cells: float
    min_settings: int
    next: RankingNext
    weights: Mapping[str, float]
    criteria: Mapping[str, CriterionConfig]
    annotations: Mapping[str, AnnotationConfig]
    consistency: Mapping[str, Mapping[str, SourceConfig]]


@final
class RankingNext(TypedDict):
    """`ranking.next`."""

    batch: int
    cost_per_sample: float
    cost_per_setting: Mapping[str, float]


@final
class CriterionConfig(TypedDict):
    """Type `criterion`."""

    table: str
    column: str
    where: NotRequired[Mapping[str, str | float | bool]]
    use: NotRequired[bool]
    label: NotRequired[str]
    unit: NotRequired[str]
    count: NotRequired[str]
    freedom: NotRequired[str]
    direction: Literal["higher", "lower"]
    group: str
    replicate_sd: NotRequired[float]
    smallest_difference: NotRequired[float]
    coating_only: NotRequired[bool]
    relative: NotRequired[bool]
    bounds: NotRequired[Sequence[float | None]]
    uncertainty: NotRequired[str | Sequence[str]]


@final
class AnnotationConfig(TypedDict):
    """Type `annotation`."""

    table: str
    column: str
    where: NotRequired[Mapping[str, str | float | bool]]
    use: NotRequired[bool]
    label: NotRequired[str]
    unit: NotRequired[str]
    count: NotRequired[str]
    freedom: NotRequired[str]
    direction: NotRequired[Literal["higher", "lower"]]
    group: NotRequired[str]
    replicate_sd: NotRequired[float]
    smallest_difference: NotRequired[float]
    coating_only: NotRequired[bool]
    relative: NotRequired[bool]
    bounds: NotRequired[Sequence[float | None]]
    uncertainty: NotRequired[str | Sequence[str]]


@final
class SourceConfig(TypedDict):
    """Type `source`."""

    table: str
    column: str
    where: NotRequired[Mapping[str, str | float | bool]]
    uncertainty: NotRequired[str]
    relative_sd: NotRequired[float]
    limit: NotRequired[str]
    parts: NotRequired[Mapping[str, Sequence[str]]]
    until: NotRequired[str]
    along: NotRequired[str]
    at: NotRequired[Sequence[str]]
    caveat: NotRequired[str]


@final
class SimsConfig(TypedDict):
    """`sims`."""

    fragments: str
    match_ppm: float
    window_ppm: float
    mass_resolution: float
    mass_calibration: SimsMassCalibration
    region_outlier_sd: float
    plausible: SimsPlausible
    normalise_to: Literal["total"] | Sequence[str]
    dead_time: Literal["none", "harmonic"]
    shots_per_pixel: int | None
    saturated_pixels: Literal["keep", "leave_out"]
    main_groups: Mapping[str, Sequence[str]]
    group_labels: Mapping[str, str]
    headline_weighting: Literal["equal", "pca_none", "pca_max", "pca_autoscale", "pca_poisson"]
    bootstrap_repetitions: int
    bootstrap_seed: int
    nmf_components: int
    map_px: int
    map_ions: float
    map_fragments: Sequence[str]
    regions_per_job: int


@final
class SimsMassCalibration(TypedDict):
    """`sims.mass_calibration`."""

    search_ppm: float
    tolerance_ppm: float
    min_peaks: int


@final
class SimsPlausible(TypedDict):
    """`sims.plausible`."""

    mass_shift_ppm: NotRequired[LimitsConfig]
    field_of_view_um: NotRequired[LimitsConfig]
    primary_ion_dose_cm2: NotRequired[LimitsConfig]


@final
class StemConfig(TypedDict):
    """`stem`."""

    smoothing_nm: float
    rim_band_nm: float
    thresholds: Sequence[float] | None
    layer_contrast: Sequence[float]
    min_layer_nm: float
    min_layer_px: float
    min_layer_edges: float
    rim_block_nm: float
    particle_min_nm: float
    particle_over_layer: float
    least_coverage: float
    film_least_nm: float
    film_contrast: float
    plausible: StemPlausible
    edx_margin_nm: float
    edx_significance: float
    edx_min_excess: float


@final
class StemPlausible(TypedDict):
    """`stem.plausible`."""

    layer_thickness_nm: LimitsConfig
    pixel_size_nm: NotRequired[LimitsConfig]


@final
class TgaMsConfig(TypedDict):
    """`tga_ms`."""

    smoothing_window_K: float
    smoothing_window_K_choices: Sequence[float]
    onset_k: float
    onset_k_choices: Sequence[float]
    baseline_K: float
    baseline_K_choices: Sequence[float]
    baseline_min_K: float
    detection_sigma: float
    min_relative_peak: float
    min_of_background: float
    min_step_percent: float
    slope_sd_percent_K: float
    resamples: int
    temperature_sd_K: float
    dsc_baseline: Literal["linear", "sigmoidal"]
    buoyancy_sd_mg: float
    buoyancy_corrected_sd_mg: float
    lag_range_s: Sequence[float]
    lag_mz: Sequence[int]
    lag_min_correlation: float
    ratio_window_mz: int
    ratio_pairs: Sequence[Sequence[int]]
    isotope_ratio_sd: float
    mass_discrimination_sd: float
    fragment_ratios: Mapping[str, float]
    fragment_ratio_sd: float
    plausible: TgaMsPlausible
    finding_sigma: float


@final
class TgaMsPlausible(TypedDict):
    """`tga_ms.plausible`."""

    mass_percent: LimitsConfig


@final
class XpsConfig(TypedDict):
    """`xps`."""

    charge_reference: XpsChargeReference
    line_shape: str
    background: Literal["shirley", "linear", "tougaard", "active_shirley"]
    end_width_eV: float
    end_points: int | None
    shirley: XpsShirley
    unmodelled_background: Literal["shirley", "linear", "tougaard"]
    plausible: XpsPlausible
    choices: XpsChoices
    aliases: Mapping[str, str]
    rsf_library: Literal["scofield", "scofield_escape", "kratos_f1s", "wagner"]
    rsf_extra: Mapping[str, float]
    sensitivity: XpsSensitivity
    coverage: XpsCoverage
    joint: Mapping[str, Sequence[Literal["position", "fwhm"]]]
    regions: Mapping[str, RegionConfig]


@final
class XpsChargeReference(TypedDict):
    """`xps.charge_reference`."""

    region: str
    component: str
    binding_energy_eV: float
    search_eV: float


@final
class XpsShirley(TypedDict):
    """`xps.shirley`."""

    tolerance: float
    max_iterations: int


@final
class XpsPlausible(TypedDict):
    """`xps.plausible`."""

    reduced_chi_square: NotRequired[LimitsConfig]
    residual_autocorrelation_sigma: NotRequired[LimitsConfig]
    coverage_of_uncoated: NotRequired[LimitsConfig]


@final
class XpsChoices(TypedDict):
    """`xps.choices`."""

    prior: XpsChoicesPrior
    tie_position_eV: float
    tie_width: float
    lorentzian_percent: float
    tail_share: float
    background_share: float
    linear_share: float


@final
class XpsChoicesPrior(TypedDict):
    """`xps.choices.prior`."""

    ties: float
    lorentzian: float
    tail: float
    background: float


@final
class XpsSensitivity(TypedDict):
    """`xps.sensitivity`."""

    rsf_libraries: Sequence[Literal["scofield", "scofield_escape", "scofield_angle", "kratos_f1s", "wagner"]]  # fmt: skip
    backgrounds: Sequence[Literal["shirley", "linear", "tougaard", "active_shirley"]]
    source_analyser_angle_deg: NotRequired[float | None]
    escape_depths: NotRequired[Mapping[str, Tpp2mConfig | SeahS3Config]]


@final
class Tpp2mConfig(TypedDict):
    """Type `tpp_2m`."""

    tpp_2m: Tpp2mMaterialConfig


@final
class Tpp2mMaterialConfig(TypedDict):
    """Type `tpp_2m_material`."""

    density_g_cm3: float
    molar_mass_g_mol: float
    valence_electrons: float
    band_gap_eV: NotRequired[float]


@final
class SeahS3Config(TypedDict):
    """Type `seah_s3`."""

    seah_s3: SeahS3MaterialConfig


@final
class SeahS3MaterialConfig(TypedDict):
    """Type `seah_s3_material`."""

    density_g_cm3: float
    molar_mass_g_mol: float
    atoms: float
    mean_atomic_number: float
    band_gap_eV: NotRequired[float]


@final
class XpsCoverage(TypedDict):
    """`xps.coverage`."""

    coating: Sequence[str]
    substrate: str
    substrate_component: str
    lattice_region: str
    lattice_component: str
    contamination: Mapping[str, Sequence[str]]
    contamination_density: float
    attenuation_length_nm: float | Tpp2mConfig | SeahS3Config
    attenuation_length_sd: float
    emission_angle_deg: float


@final
class RegionConfig(TypedDict):
    """Type `region`."""

    window_eV: Sequence[float]
    background: NotRequired[Literal["shirley", "linear", "tougaard", "active_shirley"]]
    line_shape: NotRequired[str]
    doublet: NotRequired[DoubletConfig]
    components: Mapping[str, ComponentConfig]


@final
class DoubletConfig(TypedDict):
    """Type `doublet`."""

    splitting_eV: float
    ratio: float


@final
class ComponentConfig(TypedDict):
    """Type `component`."""

    binding_energy_eV: float | str
    within_eV: NotRequired[float]
    fwhm_eV: float | str
    fwhm_limits_eV: NotRequired[Sequence[float]]
    area: NotRequired[str]
    line_shape: NotRequired[str]
    doublet: NotRequired[DoubletConfig]
    part_of: NotRequired[str]
    line: NotRequired[str]
    rsf: NotRequired[float]
    quantify: NotRequired[bool]
