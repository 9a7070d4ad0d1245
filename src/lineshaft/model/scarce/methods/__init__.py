"""Ways to make another run of a class, one file each: ``make(runs, random)``.

``runs`` are the teaching stretches [T, C] of one class, in the tags' units; what comes back is [T, C] too.
"""
