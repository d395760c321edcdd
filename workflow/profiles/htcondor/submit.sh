#!/bin/sh
# Submit one job script to HTCondor: submit.sh CPUS MEMORY_MB RUNTIME_MIN SCRIPT. Prints the id of the job.
condor_submit -terse - <<END | cut -d ' ' -f 1
executable = $4
request_cpus = $1
request_memory = $2 MB
+MaxRuntime = $(($3 * 60))
should_transfer_files = NO
getenv = True
batch_name = coatbench
queue
END
