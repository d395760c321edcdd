# What a cluster gets (workflow/profiles/slurm): jobs that read raw exports. Tables, figures and reports take seconds and
# run where snakemake runs. Included last, when all rules are known; without a cluster it changes nothing.

SUBMITTED = {
    "sims_reduce",
    "xps_sample",
    "tga_ms_run",
    "leis_sample",
    "cycling_cell",
    "stem_sample",
}

workflow.localrules(*sorted(rule.name for rule in workflow.rules if rule.name not in SUBMITTED))
