"""What launch files set for every process of a station, in a domain of this test run."""

from __future__ import annotations

import importlib
import warnings

from station_files import ROOT

from collector.station.ros_domain import claim_domain

ENVIRONMENT = {
    # Test runs that share a machine do not hear each other.
    "ROS_DOMAIN_ID": str(claim_domain()),
    "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    "RMW_IMPLEMENTATION": "rmw_fastrtps_cpp",
    "FASTRTPS_DEFAULT_PROFILES_FILE": str(ROOT / "launch" / "fastdds_profile.xml"),
}

with warnings.catch_warnings():
    # Messages' type support imports an old lark, which imports what Python deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    importlib.import_module("rosidl_generator_py")
