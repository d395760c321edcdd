#!/bin/sh
# Submit one job script to LSF: submit.sh CPUS MEMORY_MB RUNTIME_MIN SCRIPT. Prints the id of the job.
bsub -J coatbench -n "$1" -R "span[hosts=1] rusage[mem=$2MB]" -M "$2MB" -W "$3" "$4" |
    sed 's/^Job <\([0-9]*\)>.*/\1/'
