"""Alarms as ISA-18.2 / IEC 62682 and EEMUA 191 look at them; nothing here knows HTTP."""
