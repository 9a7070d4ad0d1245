"""The node's own code in a simulated world: one thread, one seed, every order of events drawn from it.

    python -m tests.faults.simulation --seed 4711 --story     one world again, with what happened in it
    python -m tests.faults.simulation --seed 0 --times 500    five hundred worlds, as ``make faults`` runs them
"""
