from people.models.attachment import Attachment
from people.models.category import Category, CategoryAssignment
from people.models.claim import Claim, ClaimKind, CustodyPlace, DeathBasis, HeldBy, StatedBy
from people.models.custody import AgencyNotice, Deadline, DeathDuty, DeathFinding
from people.models.erasure import ErasedKey, PersonErasure
from people.models.identifier import Identifier
from people.models.imports import (
    AT_WORK,
    Decision,
    Import,
    ImportRow,
    ImportStatus,
    RowCorrection,
    RowVerdict,
    SenderColumns,
)
from people.models.imports import RowOutcome as Outcome
from people.models.match_key import MatchKey
from people.models.name import Name, shown_name
from people.models.person import OfPersonQuerySet, Person, PersonToBeInformed
from people.models.restricted import ConsentRecord, HealthNote, IllTreatmentStep, Notification
from people.models.same_person import Merge, SamePersonJudgement, Verdict
from people.models.search import SavedSearch, SearchKey
from people.models.watch import CaseAssignment, Decoy, Lookup, RowsRead

__all__ = [
    "AT_WORK",
    "AgencyNotice",
    "Attachment",
    "CaseAssignment",
    "Category",
    "CategoryAssignment",
    "Claim",
    "ClaimKind",
    "ConsentRecord",
    "CustodyPlace",
    "Deadline",
    "DeathBasis",
    "DeathDuty",
    "DeathFinding",
    "Decision",
    "Decoy",
    "ErasedKey",
    "HealthNote",
    "HeldBy",
    "Identifier",
    "IllTreatmentStep",
    "Import",
    "ImportRow",
    "ImportStatus",
    "Lookup",
    "MatchKey",
    "Merge",
    "Name",
    "Notification",
    "OfPersonQuerySet",
    "Outcome",
    "Person",
    "PersonErasure",
    "PersonToBeInformed",
    "RowCorrection",
    "RowVerdict",
    "RowsRead",
    "SamePersonJudgement",
    "SavedSearch",
    "SearchKey",
    "SenderColumns",
    "StatedBy",
    "Verdict",
    "shown_name",
]
