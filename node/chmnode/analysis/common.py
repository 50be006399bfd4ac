"""What mostly means something else in running text, reviewed one by one against the labels of the vocabularies.

Owns two lists for each language. No text is tagged by a `COMMON` label; a query still offers its concepts. A `PHRASES`
entry is no label but has one in it, and keeps it from being read there: 沿海地区, the coast, has 海地, Haiti. Refuses
to guess: what is on neither list is read as its concept.
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
    ),
    "fr": (
        *("affaires", "association", "carte", "éteint", "introduit", "lac", "marine", "modèle", "monde", "norme"),
        *("orientations", "politique", "règlement", "vulnérable"),
        *("dominique", "grenade", "jersey", "maurice", "réunion"),
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
    ),
    "zh": ("世界", "中非", "标准", "模型", "管理", "组织"),
}
PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("guinea fowl", "guinea pig", "gulf of guinea", "new england", "new jersey", "new mexico", "niger delta"),
    "es": ("golfo de guinea", "nuevo méxico"),
    "fr": ("golfe de guinée", "nouveau-mexique"),
    "zh": ("上海地", "近海地", "沿海地", "深海地", "增加纳", "其中非", "马里亚纳"),
}
