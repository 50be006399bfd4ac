"""What mostly means something else in running text, reviewed one by one against the labels of the vocabularies.

Owns two lists for each language. No text is tagged by a `COMMON` label; a query still offers its concepts. A `PHRASES`
entry is no label but has one in it, and keeps it from being read there: 沿海地区, the coast, has 海地, Haiti. Owns as
well which concepts tag no text in any language (`UNREAD`). Refuses to guess: what is on no list is read as its concept.
"""

from collections.abc import Mapping
from typing import Final

COMMON: Final[Mapping[str, tuple[str, ...]]] = {
    "ar": (
        "العالم",
        "اتحاد",
        "روابط",
        "جمعية",
        "تابع",
        "أعمال",
        "الأعمال",
        "دنا",
        "قمر",
        "التطور",
        "غازي",
        "نموذج",
        "مدخل",
        "المحيط الهادئ",
        "شراكة",
    ),
    "en": (
        *(
            "association",
            "course",
            "global",
            "introduced",
            "man",
            "may",
            "model",
            "standard",
            "use",
            "vulnerable",
            "world",
        ),
        *("chad", "georgia", "jersey", "jordan", "turkey"),
        *("expertise", "networking", "partnership"),
    ),
    "es": (
        *(
            "asociaciones",
            "introducida",
            "modelos",
            "mundo",
            "negocios",
            "norma",
            "orientación",
            "política",
            "vulnerable",
        ),
        *("anguila", "georgia", "granada", "guadalupe", "jersey", "mauricio", "reunión"),
        *("alianza", "equipamiento", "herramientas", "pacífico", "seguimiento", "taller"),
    ),
    "fr": (
        *("affaires", "association", "carte", "éteint", "introduit", "lac", "marine", "modèle", "monde", "norme"),
        *("orientations", "politique", "règlement", "vulnérable"),
        *("dominique", "grenade", "jersey", "maurice", "réunion"),
        *("expertise", "outils", "pacifique", "partenariat", "suivi"),
    ),
    "ru": (
        *(
            "ассоциация",
            "весь мир",
            "естественный",
            "карта",
            "мир",
            "модель",
            "подготовка",
            "семя",
            "стандарт",
            "уязвимый",
        ),
        *("мали", "содружество", "чад"),
        *("партнерство", "тихий океан"),
    ),
    "zh": ("世界", "中东", "中非", "伙伴关系", "修复", "太平洋", "标准", "模型", "管理", "组织"),
}
PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("guinea fowl", "guinea pig", "gulf of guinea", "new england", "new jersey", "new mexico", "niger delta"),
    "es": ("golfo de guinea", "nuevo méxico"),
    "fr": ("golfe de guinée", "nouveau-mexique"),
    "zh": ("上海地", "近海地", "沿海地", "深海地", "增加纳", "其中非", "马里亚纳"),
}
#: Concepts whose names are everyday adjectives (endangered, introduced, marine), and chapters of the list of places
#: that are named like what every second text speaks of.
UNREAD: Final = frozenset(
    {
        *(f"domain-concepts:establishment-{kind}" for kind in ("introduced", "invasive", "native", "naturalised")),
        *(f"domain-concepts:iucn-{kind}" for kind in ("endangered", "extinct", "vulnerable", "near-threatened")),
        *(f"domain-concepts:iucn-{kind}" for kind in ("least-concern", "not-evaluated")),
        *(f"domain-concepts:gbif-topic-{kind}" for kind in ("invasives", "marine")),
        "regions:0C874AE8-1AEB-4818-A2F6-E5F7CAD6E265",  # Large marine ecosystems
        "regions:1C1B2D57-0F0F-423D-99C8-A048051B508C",  # Ecosystems
        "regions:311A8E9C-582F-4952-A398-589073DBAC72",  # Inland water ecosystems
        "regions:38126DBD-8B41-4355-B0E5-643655CBC06E",  # Mountains
    }
)
