from resettle_lab.fixtures import lab

__all__ = ["lab"]
