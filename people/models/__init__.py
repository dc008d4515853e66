from people.models.category import Category, CategoryAssignment
from people.models.claim import Claim, ClaimKind, CustodyPlace
from people.models.name import Name, shown_name
from people.models.person import OfPersonQuerySet, Person, PersonToBeInformed
from people.models.same_person import Merge, SamePersonJudgement, Verdict
from people.models.search import SearchKey

__all__ = [
    "Category",
    "CategoryAssignment",
    "Claim",
    "ClaimKind",
    "CustodyPlace",
    "Merge",
    "Name",
    "OfPersonQuerySet",
    "Person",
    "PersonToBeInformed",
    "SamePersonJudgement",
    "SearchKey",
    "Verdict",
    "shown_name",
]
