from tests.gateway.fixtures import funded, furnished, furnished_with_money, house

__all__ = ["funded", "furnished", "furnished_with_money", "house"]
