from tests.gateway.fixtures import furnished, house

__all__ = ["furnished", "house"]
