"""Where an episode comes from, as W3C PROV-O in JSON-LD (https://www.w3.org/TR/prov-o/).

Built from the attributes of ``episode.h5`` and the digests of the files alone, so that
recovery writes the same document as the recorder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_CONTEXT = {
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "dcterms": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "collector": "urn:collector:",
    "spdx": "http://spdx.org/rdf/terms#",
}


def _time(iso: str) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": iso}


def _reference(name: str) -> dict[str, str]:
    return {"@id": name}


def document(
    attributes: Mapping[str, Any],
    digests: Mapping[str, str],
    calibrations: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the PROV-O document of an episode.

    ``attributes`` are the root attributes of ``episode.h5``, ``digests`` maps each data file
    to its sha256, ``calibrations`` each camera to its calibration's ``hash``, ``method``,
    ``person`` and ``date``.
    """
    episode = f"urn:collector:episode:{attributes['episode_id']}"
    recording = f"{episode}:recording"
    operator = f"urn:collector:operator:{attributes['collector_id']}"
    station = f"urn:collector:station:{attributes['station_id']}"
    software = f"urn:collector:software:{attributes['software_version']}"
    cameras: Mapping[str, Mapping[str, Any]] = json.loads(attributes["cameras_json"])

    files = [
        {
            "@id": f"{episode}:file:{name}",
            "@type": "prov:Entity",
            "rdfs:label": name,
            "spdx:checksum": {
                "spdx:algorithm": _reference("spdx:checksumAlgorithm_sha256"),
                "spdx:checksumValue": digest,
            },
            "prov:wasGeneratedBy": _reference(recording),
            "prov:wasAttributedTo": _reference(operator),
        }
        for name, digest in sorted(digests.items())
    ]
    calibration_entities = [
        {
            "@id": f"urn:collector:calibration:{values['hash']}",
            "@type": "prov:Entity",
            "rdfs:label": f"calibration of the {camera} camera",
            "collector:camera": camera,
            "collector:method": values["method"],
            "collector:person": values["person"],
            "dcterms:created": values["date"],
        }
        for camera, values in sorted(calibrations.items())
    ]
    devices = [
        {
            "@id": f"{station}:camera:{camera}",
            "@type": "prov:Entity",
            "rdfs:label": f"{camera} camera",
            **{f"collector:{key}": value for key, value in sorted(facts.items())},
        }
        for camera, facts in sorted(cameras.items())
    ]
    arm = {
        "@id": f"{station}:arm",
        "@type": "prov:Entity",
        "rdfs:label": "arm",
        **{f"collector:{key}": value for key, value in json.loads(attributes["arm_json"]).items()},
    }
    activity = {
        "@id": recording,
        "@type": "prov:Activity",
        "rdfs:label": f"{attributes['phase']} of {attributes['task_id']}",
        "prov:startedAtTime": _time(attributes["created"]),
        "prov:endedAtTime": _time(attributes["sealed"]),
        "prov:used": [
            _reference(str(entity["@id"])) for entity in (*calibration_entities, *devices, arm)
        ],
        "prov:wasAssociatedWith": [
            _reference(operator),
            _reference(station),
            _reference(software),
        ],
        "prov:qualifiedAssociation": {
            "@type": "prov:Association",
            "prov:agent": _reference(operator),
            "prov:hadRole": {
                "@id": "urn:collector:role:operator",
                "@type": "prov:Role",
                "collector:consent": attributes["consent"],
            },
        },
        "collector:session": attributes["session_id"],
        "collector:outcome": attributes["outcome"],
        "collector:endReason": attributes["end_reason"],
        "collector:recovered": bool(attributes["recovered"]),
    }
    whole = {
        "@id": episode,
        "@type": ["prov:Entity", "prov:Collection", "schema:Dataset"],
        "dcterms:identifier": attributes["episode_id"],
        "dcterms:conformsTo": attributes["schema"],
        "dcterms:created": _time(attributes["created"]),
        "dcterms:license": attributes["licence"],
        "collector:consent": attributes["consent"],
        "collector:task": attributes["task_id"],
        "prov:hadMember": [_reference(str(file["@id"])) for file in files],
        "prov:wasGeneratedBy": _reference(recording),
        "prov:wasAttributedTo": _reference(operator),
    }
    agents = [
        {
            "@id": operator,
            "@type": ["prov:Agent", "prov:Person"],
            "rdfs:label": attributes["collector_id"],
            "collector:consent": attributes["consent"],
            "prov:actedOnBehalfOf": _reference(station),
        },
        {
            "@id": station,
            "@type": ["prov:Agent", "prov:Organization"],
            "rdfs:label": attributes["station_name"],
        },
        {
            "@id": software,
            "@type": ["prov:Agent", "prov:SoftwareAgent"],
            "rdfs:label": "collector",
            "schema:softwareVersion": attributes["software_version"],
        },
    ]
    return {
        "@context": _CONTEXT,
        "@graph": [whole, *files, *calibration_entities, *devices, arm, activity, *agents],
    }
