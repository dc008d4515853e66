from people.models.category import Category, CategoryAssignment
from people.models.claim import Claim, ClaimKind, CustodyPlace
from people.models.name import Name
from people.models.person import Person, PersonToBeInformed

__all__ = [
    "Category",
    "CategoryAssignment",
    "Claim",
    "ClaimKind",
    "CustodyPlace",
    "Name",
    "Person",
    "PersonToBeInformed",
]
