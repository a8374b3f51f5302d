from setuptools import setup

NODES = [
    "arm",
    "calibrator",
    "camera",
    "drift",
    "preflight",
    "recorder",
    "scripted_operator",
    "scripted_session",
    "session",
    "simulator",
    "synchronizer",
    "teleop",
]

setup(
    name="collector_nodes",
    version="0.1.0",
    packages=["collector_nodes"],
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/collector_nodes"]),
        ("share/collector_nodes", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="collector maintainers",
    maintainer_email="maintainers@collector.invalid",
    description="Thin rclpy nodes around the collector package",
    license="Apache-2.0",
    entry_points={"console_scripts": [f"{n} = collector_nodes.{n}_node:main" for n in NODES]},
)
