from resettle_lab.fixtures import fresh, lab, source, target

__all__ = ["fresh", "lab", "source", "target"]
