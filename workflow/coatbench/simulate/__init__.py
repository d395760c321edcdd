"""Exports with planted truth: a module for each technique, and the writers of the instruments' formats.

Each technique has ``simulate(sample, rows, folder, truth, settings, seed)``. It writes the exports of one sample: the files that
`rows` of its index name, below `folder`, which is the study's of that technique. `truth` holds planted values by name,
`settings` is the section `simulator` of study.yaml, and the same `seed` gives the same bytes.
"""
